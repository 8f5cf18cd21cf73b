import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import read_request, read_response, request, response, values

from sip_guard.proxy.best import MAX_CHALLENGES, Best, best, gather_challenges
from sip_guard.sip.rewrite import Draft


@pytest.mark.parametrize(
    ("codes", "code", "at"),
    [
        ([486], 486, 0),
        ([404, 603, 302], 603, 1),
        ([604, 600], 604, 0),
        ([500, 486, 302], 302, 2),
        ([500, 486], 486, 1),
        ([404, 486], 404, 0),
        ([404, 401], 401, 1),
        ([404, 407], 407, 1),
        ([404, 415], 415, 1),
        ([404, 420], 420, 1),
        ([404, 484], 484, 1),
        ([484, 401], 484, 0),
        ([408, 404], 404, 1),
        ([487, 486], 486, 1),
        ([408, 487], 408, 0),
        ([503, 500], 500, 1),
        ([503, 404], 404, 1),
        ([503], 500, None),
        ([503, 503], 500, None),
        ([], 408, None),
    ],
)
def test_what_tells_the_caller_most_is_answered(codes: list[int], code: int, at: int | None) -> None:
    assert best(codes) == Best(code, at)


@given(st.lists(st.integers(300, 699), min_size=1))
def test_the_best_answer_is_one_of_the_lowest_class_or_declines_everywhere(codes: list[int]) -> None:
    code, at = best(codes)
    assert code == (500 if at is None else codes[at])
    groups = {code // 100 for code in codes}
    assert code // 100 == (6 if 6 in groups else min(groups))
    assert code != 503


def test_the_challenges_of_all_answers_go_to_the_caller_as_they_are() -> None:
    chosen = read_response(response("407 Proxy Authentication Required", 'Proxy-Authenticate: Digest realm="a"'))
    others = [
        read_response(response("401 Unauthorized", 'WWW-Authenticate:  Digest realm="b",\r\n nonce="c"')),
        read_response(
            response("407 No", 'Proxy-Authenticate: Digest realm="a"', 'Proxy-Authenticate: Digest realm="d"')
        ),
        read_response(response("404 Not Found", 'WWW-Authenticate: Digest realm="e"')),
    ]
    draft = Draft(chosen)
    gather_challenges(draft, [others[0], chosen, *others[1:]])
    assert draft.lines == chosen.lines
    assert draft.below == [
        b'WWW-Authenticate:  Digest realm="b",\r\n nonce="c"',
        b'Proxy-Authenticate: Digest realm="d"',
    ]
    assert values(read_response(draft.octets()), "www-authenticate") == ['Digest realm="b", nonce="c"']


def test_any_other_answer_gets_no_challenges() -> None:
    challenge = read_response(response("401 Unauthorized", 'WWW-Authenticate: Digest realm="b"'))
    for message in (read_response(response("404 Not Found")), read_request(request())):
        draft = Draft(message)
        gather_challenges(draft, [challenge])
        assert draft.octets() == message.raw


def test_there_is_an_end_to_the_challenges() -> None:
    many = [f'WWW-Authenticate: Digest realm="{number}"' for number in range(MAX_CHALLENGES + 9)]
    draft = Draft(read_response(response("401 Unauthorized")))
    gather_challenges(draft, [read_response(response("401 Unauthorized", *many))])
    assert draft.below == [line.encode() for line in many[:MAX_CHALLENGES]]
