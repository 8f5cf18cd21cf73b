"""What a rule does, and how much in earnest."""

from typing import Literal, Self

import msgspec

from sip_guard.sip.uri import Uri

Verb = Literal["allow", "tag", "anonymise", "redirect", "reject"]
_EXPECTED = (
    "expected `allow`, `tag`, `anonymise`, `redirect URI`, `reject` or `reject CODE [PHRASE]`, CODE from 400 to 699"
)
_PLAIN: dict[str, Verb] = {"allow": "allow", "tag": "tag", "anonymise": "anonymise"}
NETWORK_BLOCKED = "Network Blocked"
"""The phrase of a 603 that tells of analytics (ATIS-1000099, 47 CFR 64.1200(k)(9))."""


class Act(msgspec.Struct, frozen=True):
    """What a rule does. `allow`, `redirect` and `reject` end the list; `tag` and `anonymise` let later rules speak."""

    verb: Verb
    code: int = 0
    """SIP code of a rejection; 0: that of the finding."""
    phrase: str = ""
    """Reason phrase of a rejection; empty: that of the finding if it has this code, else the usual one."""
    uri: str = ""
    """Where a call is redirected to."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `tag`, `redirect sip:fraud-desk@pbx.example`, `reject 403 Some Phrase`. Raises ValueError."""
        verb, _, rest = text.strip().partition(" ")
        rest = rest.strip()
        if verb == "redirect":
            return cls("redirect", uri=_uri(rest))
        if verb in _PLAIN and not rest:
            return cls(_PLAIN[verb])
        code, _, phrase = rest.partition(" ")
        if verb != "reject" or (code and not (code.isascii() and code.isdigit() and 400 <= int(code) <= 699)):
            raise ValueError(_EXPECTED)
        if not all(" " <= c < "\x7f" for c in phrase):
            raise ValueError("a reason phrase holds printable ASCII characters only")
        return cls("reject", int(code or 0), phrase.strip())

    def __str__(self) -> str:
        """Give it as it is written in a rule."""
        return " ".join(filter(None, (self.verb, str(self.code or ""), self.phrase, self.uri)))

    @property
    def ends(self) -> bool:
        """Whether no later rule is asked."""
        return self.verb not in ("tag", "anonymise")

    @property
    def is_network_block(self) -> bool:
        """Whether it tells the caller of analytics, and of whom to complain to."""
        return self.code == 603 and self.phrase == NETWORK_BLOCKED


class Mode(msgspec.Struct, frozen=True):
    """Whether a rule acts, is only recorded, or is not asked at all."""

    word: Literal["enforce", "shadow", "sample", "off"] = "enforce"
    share: float = 1.0
    """Of the calls that it acts on; to the others it is in shadow."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `enforce`, `shadow`, `off` or `sample 5%`. Raises ValueError."""
        word, _, rest = text.strip().partition(" ")
        if word == "sample":
            return cls("sample", _share(rest.strip()))
        if rest or word not in ("enforce", "shadow", "off"):
            raise ValueError(f"`{text}` is no mode: expected `enforce`, `shadow`, `sample 5%` or `off`")
        if word == "enforce":
            return cls("enforce")
        return cls("shadow" if word == "shadow" else "off", 0.0)

    def __str__(self) -> str:
        """Give it as it is written in a rule."""
        return f"sample {self.share * 100:g}%" if self.word == "sample" else self.word


ENFORCE = Mode.parse("enforce")
SHADOW = Mode.parse("shadow")


def _share(text: str) -> float:
    try:
        percent = float(text.removesuffix("%")) if text.isascii() and text.endswith("%") else 0.0
    except ValueError:
        percent = 0.0
    if not 0 < percent < 100:
        raise ValueError("expected a share between 0% and 100%, such as `sample 5%`")
    return percent / 100


def _uri(text: str) -> str:
    uri = Uri.parse(text.encode("utf-8", "replace"))
    if uri is None or uri.scheme == b"tel" or uri.headers:
        raise ValueError(f"`{text}` is no SIP URI to redirect to, such as `redirect sip:fraud-desk@pbx.example.com`")
    return text
