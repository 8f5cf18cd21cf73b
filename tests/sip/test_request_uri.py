import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from messages import read_request, request

from sip_guard.sip.request_uri import allowed, towards
from sip_guard.sip.uri import Uri

WORDS = """
sip: SIPS: tel: urn: +12155551213 a @ : ; = ? & % [ ] < > " , é h.example 192.0.2.9 2001:db8::1 5060 method
transport maddr
"""
PIECES = st.sampled_from([" ", *WORDS.split()])
URI = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(["sip:", "sips:", "SiP:"]),
        st.sampled_from(["", "+1@", "a;b=c?d:pw@", "a:@"]),
        st.sampled_from(["h", "192.0.2.9:5070", "[2001:db8::9]:1", "h:0", "h:99999"]),
        st.lists(st.sampled_from([";method=BYE", ";lr", ";a@b", ";TRANSPORT=tcp", ";maddr=x", ";x=é", ";", ";="])).map(
            "".join
        ),
        st.sampled_from(["", "?", "?a=b&c", "??"]),
    ),
)


@pytest.mark.parametrize(
    ("uri", "left"),
    [
        ("sip:+1@h", "sip:+1@h"),
        ("SIP:+1;npdi@h:5070;user=phone", "SIP:+1;npdi@h:5070;user=phone"),
        ("sips:a:secret@h", "sips:a:secret@h"),
        ("sip:h?Subject=x&Priority=urgent", "sip:h"),
        ("sip:h?", "sip:h"),
        ("sip:a?b@h?c", "sip:a?b@h"),
        ("sip:a@h;method=BYE;lr", "sip:a@h;lr"),
        ("sip:a@h;lr;METHOD=REGISTER?x=y", "sip:a@h;lr"),
        ("sip:a@h;method", "sip:a@h"),
        ("sip:a;method=b@h", "sip:a;method=b@h"),
        ("sip:a@h;methods=INVITE", "sip:a@h;methods=INVITE"),
        ("tel:+1-215;phone-context=x", "tel:+1-215;phone-context=x"),
        ("mailto:a@h", None),
        ("urn:service:sos", None),
        ("sip:", None),
        ("sip:a@h:0", None),
        ("sip:a@h x", None),
        ("", None),
    ],
)
def test_what_may_not_stand_in_a_request_uri_is_taken_off(uri: str, left: str | None) -> None:
    assert allowed(uri.encode()) == (None if left is None else left.encode())


@given(URI)
@example("sip:h;;")
def test_what_is_allowed_is_read_as_a_request_uri(uri: str) -> None:
    left = allowed(uri.encode())
    if left is not None:
        assert read_request(request(uri="@").replace(b" @ ", b" " + left + b" ")).uri == left
        assert allowed(left) == left


@pytest.mark.parametrize(
    ("uri", "host", "port", "there"),
    [
        (
            "sip:+442079460000@192.0.2.1:5060;user=phone",
            "192.0.2.9",
            5070,
            "sip:+442079460000@192.0.2.9:5070;user=phone",
        ),
        ("sip:+1@192.0.2.1", "pbx.example.com", None, "sip:+1@pbx.example.com"),
        ("sip:192.0.2.1:5060", "2001:db8::9", None, "sip:[2001:db8::9]"),
        ("sip:a:secret@[2001:db8::1]:5060", "2001:db8::9", 5080, "sip:a:secret@[2001:db8::9]:5080"),
        ("sip:a;rn=@h;x@y", "i", 1, "sip:a;rn=@i:1;x@y"),
        ("sip:h;x@y", "i", None, "sip:h;x@i"),
        ("sip:h;x=[@y", "i", None, "sip:i;x=[@y"),
        ("SIPS:a@h;transport=TCP;lr;MADDR=192.0.2.1;ttl=1", "i", None, "SIPS:a@i;lr"),
        ("sip:+1;transport=x@h;user=phone", "i", None, "sip:+1;transport=x@i;user=phone"),
        ("tel:+442079460000", "i", 5060, "tel:+442079460000"),
        ("urn:service:sos", "i", 5060, "urn:service:sos"),
    ],
)
def test_host_and_port_are_those_of_a_target_and_all_else_stays(
    uri: str, host: str, port: int | None, there: str
) -> None:
    assert towards(uri.encode(), host, port) == there.encode()


@given(URI, st.sampled_from(["h", "192.0.2.9", "2001:db8::9"]), st.none() | st.integers(1, 65535))
def test_a_uri_that_was_turned_names_the_target_and_the_same_user(uri: str, host: str, port: int | None) -> None:
    before = Uri.parse(uri.encode())
    if before is None or before.headers or uri.endswith("?"):
        return
    after = Uri.parse(towards(uri.encode(), host, port))
    assert after is not None
    assert (after.scheme, after.user) == (before.scheme, before.user)
    if before.host:
        assert (after.address, after.port) == (host, port)
        assert after.parameter(b"transport") is None
        assert after.parameter(b"maddr") is None
