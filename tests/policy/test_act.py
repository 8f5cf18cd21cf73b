"""What a rule does is read and written in few words."""

import pytest

from sip_guard.policy.act import Act, Mode


@pytest.mark.parametrize(
    ("text", "act", "again"),
    [
        ("allow", Act("allow"), "allow"),
        ("tag", Act("tag"), "tag"),
        (
            "redirect  sip:desk@pbx.example",
            Act("redirect", uri="sip:desk@pbx.example"),
            "redirect sip:desk@pbx.example",
        ),
        ("anonymise", Act("anonymise"), "anonymise"),
        ("reject", Act("reject"), "reject"),
        ("reject 403", Act("reject", 403), "reject 403"),
        ("reject 699", Act("reject", 699), "reject 699"),
        ("reject 403 Not Welcome", Act("reject", 403, "Not Welcome"), "reject 403 Not Welcome"),
        ("  reject   403   Not Welcome  ", Act("reject", 403, "Not Welcome"), "reject 403 Not Welcome"),
    ],
)
def test_what_is_done_is_read_and_written(text: str, act: Act, again: str) -> None:
    assert Act.parse(text) == act
    assert str(act) == again


@pytest.mark.parametrize(
    "text",
    [
        "",
        "drop",
        "Reject",
        "allow 403",
        "tag it",
        "anonymise all",
        "redirect",
        "redirect 302",
        "redirect tel:+442079460000",
        "redirect <sip:a@b>",
        "redirect sip:a@b c",
        "reject 200",
        "reject 399",
        "reject 700",
        "reject -403",
        "reject 4\u0660\u0663",
        "reject Busy",
        "reject " + "4" * 5000,
        "reject 403 A\r\nX: y",
        "reject 403 \u00dcbel",
        "reject 403 \x7f",
    ],
)
def test_what_cannot_be_done_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the configuration's to show
        Act.parse(text)


@pytest.mark.parametrize(
    ("text", "word", "share"),
    [
        ("enforce", "enforce", 1.0),
        ("shadow", "shadow", 0.0),
        ("off", "off", 0.0),
        ("sample 5%", "sample", 0.05),
        ("sample 0.1%", "sample", 0.001),
    ],
)
def test_a_mode_is_read_and_written(text: str, word: str, share: float) -> None:
    mode = Mode.parse(text)
    assert (mode.word, str(mode)) == (word, text)
    assert mode.share == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "on", "sample", "sample 5", "sample 0%", "sample 100%", "sample nan%", "off 5%"])
def test_what_is_no_mode_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the configuration's to show
        Mode.parse(text)


def test_only_what_adds_up_lets_later_rules_speak() -> None:
    texts = ("allow", "tag", "anonymise", "redirect sip:a@b", "reject")
    assert [Act.parse(text).ends for text in texts] == [True, False, False, True, True]
