"""What an operator sees, and that it is what the record says."""

from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from opened import AT, Opened

from sip_guard.dashboard import figures as counting
from sip_guard.dashboard.markup import NONE
from sip_guard.journal.opening import to_read
from sip_guard.journal.options import Place
from sip_guard.journal.store import Wanted
from sip_guard.record import Masking
from sip_guard.runtime import Edition

LATEST = "The latest, times in UTC"
WORST = "The numbers that most of them present"
WOULD = "What they would have done, and how those calls went on"
RULES = "Asked from the top"
REFUSED = {"action": "reject 403", "rule": "mismatch", "reason": "orig-mismatch", "sip_code": 403}
ATTACK = "<script>alert('\"&amp;')</script>"
BANK = "442079460123"


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return Opened(tmp_path, tmp_path / "decisions.sqlite3")


def test_what_is_counted_is_what_the_record_has(place: Place, tmp_path: Path) -> None:
    opened = Opened(tmp_path, place)
    given: list[dict[str, Any]] = [{"trunk": "carrier"}] * 7 + [{"trunk": "abroad", **REFUSED}] * 3
    opened.kept(*given, {"action": "allow", "rule": "default"})
    with closing(to_read(place)) as store:
        found = [*store.search(Wanted())]
    page = opened.shows()
    assert page.tiles() == {"calls": str(len(found)), "allow": "1", "tag": "7", "reject": "3"}
    assert [each[:3] for each in page.rows("Calls by trunk")] == [["carrier", "8", NONE], ["abroad", "3", "3 (100 %)"]]
    assert [each[:2] for each in page.rows("Calls by rule")] == [["unsigned", "7"], ["mismatch", "3"], ["default", "1"]]
    assert [each[1] for each in page.rows(LATEST)] == [each.fields["action"] for each in found]
    newest = ["22:11:50", "allow", "12155550100", "441632960001", "carrier", "default (in shadow: number)"]
    assert page.rows(LATEST)[0] == [*newest, "no-identity", ""]


def test_what_is_drawn_is_what_is_counted(opened: Opened) -> None:
    opened.kept(*[{}] * 6, *[REFUSED] * 2, at=AT + 16)
    figure = next(opened.shows().root.iter("figure"))
    told = [title.text for title in figure.iter("title") if "no calls" not in (title.text or "")]
    assert told == ["2023-11-14 22:11: 4 tag", "2023-11-14 22:12: 2 tag, 2 reject"]
    assert next(figure.iter("svg")).get("aria-label") == "8 calls: 6 tag, 2 reject"


def test_numbers_that_rejected_calls_present_are_counted(opened: Opened) -> None:
    opened.kept(*[REFUSED | {"caller": BANK}] * 2, REFUSED | {"caller": ""}, {"caller": "12155550100"})
    page = opened.shows()
    assert page.rows(WORST) == [[BANK, "2"], ["anonymous", "1"]]
    assert f"/?number={BANK}" in page.links()
    assert opened.shows(action="tag").rows(WORST) == []


def test_rules_in_shadow_are_shown_with_how_those_calls_went_on(opened: Opened) -> None:
    opened.kept({}, {}, REFUSED, {"shadow": []})
    opened.went(0, 200, 61.0)
    opened.went(1, 486, 0.0)
    (row,) = opened.shows().rows(WOULD)
    assert row[:5] == ["number", "reject 403", "3", "1", "1"]
    assert opened.shows().rows(LATEST)[-1][-1] == "200"


def test_what_a_peer_wrote_is_text_wherever_it_stands(opened: Opened) -> None:
    told = {"code": "orig-mismatch", "detail": ATTACK, "token": 1, "weighs": True, "x5u": ATTACK}
    opened.kept(REFUSED | {"call_id": ATTACK, "caller": ATTACK, "target": ATTACK, "findings": [told]})
    page, (query,) = opened.shows(), calls(opened)
    assert page.rows(LATEST)[0][2:4] == [ATTACK, ATTACK]
    assert page.rows(WORST) == [[ATTACK, "1"]]
    call = opened.shows("/call", **query)
    assert call.of("number")[0] == ATTACK
    assert call.rows("What was found out")[0][-1] == f"{ATTACK}; x5u: {ATTACK}"
    for shown in (page, call, opened.shows(number=ATTACK, rule=ATTACK, trunk=ATTACK)):
        assert [script.get("src") for script in shown.root.iter("script")] in ([], ["/dashboard.js"])
        assert not any(
            each.get(name) for each in shown.root.iter() for name in ("style", "onclick", "onerror", "onload")
        )


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"trunk": "abroad"}, [1]),
        ({"rule": "mismatch"}, [2]),
        ({"action": "reject"}, [2]),
        ({"action": "reject 438"}, []),
        ({"number": "+44 20 7946 0123"}, [3]),
        ({"number": "nobody"}, []),
        ({"number": "()"}, []),
        ({"window": "7d"}, [4, 3, 2, 1, 0]),
        ({"window": "for ever"}, [3, 2, 1, 0]),
        ({"window": "15m", "trunk": "carrier"}, [3, 2, 0]),
    ],
)
def test_a_part_of_the_calls_is_chosen(opened: Opened, asked: dict[str, str], shown: list[int]) -> None:
    opened.kept({}, {"trunk": "abroad"}, REFUSED, {"caller": BANK})
    opened.kept({"call_id": "call-4"}, at=AT - 86_400.0)
    page = opened.shows(**asked)
    assert sorted(f"call-{at}" for at in shown) == sorted(query["id"] for query in calls(opened, **asked))
    assert page.tiles()["calls"] == str(len(shown))
    if "for ever" not in asked.values():
        chosen = [each.get("value") for each in page.root.iter("option") if each.get("selected")]
        chosen += [each.get("value") for each in page.root.iter("input")]
        assert set(asked.values()) <= set(chosen)


def test_hashed_numbers_are_found_and_it_is_said_that_they_are_masked(opened: Opened) -> None:
    masking = Masking("hash", b"k" * 32)
    runtime = opened.work.runtime
    runtime.edition = Edition(runtime.edition.screening, masking)
    opened.kept({"caller": masking.mask(BANK)}, {})
    page = opened.shows(number=BANK)
    assert [each[2] for each in page.rows(LATEST)] == [masking.mask(BANK)]
    assert "Numbers are masked as in the record." in page.text
    assert "Numbers are masked in the record" in opened.shows("/call", id="call-0").of("trouble")[0]


def test_there_is_something_to_see_before_the_first_call(opened: Opened) -> None:
    opened.kept()
    page = opened.shows()
    assert page.tiles() == {"calls": "0", "allow": "0", "tag": "0", "reject": "0"}
    assert "No such decision in the last 1h." in page.of("nothing")
    assert page.of("trouble") == []


def test_without_a_record_what_is_in_memory_is_shown_and_that_is_said(tmp_path: Path) -> None:
    opened = Opened(tmp_path, None)
    opened.remembers({}, REFUSED)
    page = opened.shows()
    assert page.tiles()["calls"] == "2"
    assert page.of("trouble") == ["No record is kept: what is shown are the last 1000 decisions in memory."]
    assert opened.shows("/call", id="call-1").of("call") != []


def test_a_record_that_cannot_be_read_hides_no_call(opened: Opened) -> None:
    opened.remembers({})
    (told,) = opened.shows().of("trouble")
    assert "cannot be read: it is not there yet. What is shown are" in told
    assert isinstance(opened.place, Path)
    opened.place.write_bytes(b"this is no record, whatever its name says" * 100)
    page = opened.shows()
    assert "cannot be read: file is not a database." in page.of("trouble")[0]
    assert page.tiles()["calls"] == "1"


def test_when_not_all_could_be_counted_it_is_said(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 3)
    opened.kept({}, {}, {})
    (told,) = opened.shows().of("trouble")
    assert told == "There are too many decisions to count them all: these are the newest 3, since 22:11:00 UTC."


def test_parts_of_the_page_can_be_read_again(opened: Opened) -> None:
    opened.kept({}, {"trunk": "abroad"})
    assert [each.get("id") for each in opened.shows("/figures").root] == ["overview", "details"]
    assert [each.get("id") for each in opened.shows("/decisions").root] == ["decisions"]
    assert len(opened.shows("/decisions", trunk="abroad").rows(LATEST)) == 1
    parts = {each.get("id") for each in opened.shows().root.iter()}
    assert {"overview", "details", "decisions", "link", "main"} <= parts


def test_everything_comes_from_the_guard_itself(opened: Opened) -> None:
    opened.kept({})
    for page in (opened.shows(), opened.shows("/call", id="call-0")):
        loaded = [each.get(name) or "" for each in page.root.iter() for name in ("src", "href", "action")]
        assert all(place.startswith(("/", "#")) for place in loaded if place)
        for path in {place for place in loaded if place.endswith((".css", ".js", ".svg"))}:
            assert opened.answers(path).body != b""


def test_a_call_is_explained(opened: Opened) -> None:
    opened.kept(REFUSED | {"findings": [{"code": "orig-mismatch", "detail": "why", "token": 1, "weighs": True}]})
    page = opened.shows("/call", **calls(opened)[0])
    assert next(page.root.iter("h1")).findtext("span") == "reject 403"
    assert page.rows("What was found out")[0][:2] == ["orig-mismatch", "mismatch"]
    rules = {row[0]: row[3:] for row in page.rows(RULES)}
    assert rules["mismatch"] == ["applies", "orig-mismatch"]
    assert rules["stale"] == ["does not apply", "not so: finding: stale"]
    assert rules["unsigned"] == ["not asked", "an earlier rule ended the list"]
    assert page.rows("What rules in shadow would have done") == [["number", "reject 403", "shadow"]]


def test_a_call_that_went_on_is_shown_with_its_end(opened: Opened) -> None:
    opened.kept({})
    opened.went(0, 200, 61.5)
    assert "200, lasted 1 min 1 s" in opened.shows("/call", id="call-0").text


def test_of_several_decisions_about_a_call_id_the_chosen_one_is_explained(opened: Opened) -> None:
    opened.kept({"call_id": "a"}, REFUSED | {"call_id": "a"})
    page = opened.shows("/call", id="a", at=str(AT))
    assert next(page.root.iter("h1")).findtext("span") == "tag"
    assert [each for each in page.links() if each.startswith("/call")] == [f"/call?id=a&at={AT + 1}"]
    assert next(opened.shows("/call", id="a", at="soon").root.iter("h1")).findtext("span") == "reject 403"


def test_what_is_otherwise_than_in_line_is_said_of_a_call(opened: Opened) -> None:
    opened.kept({"generation": 7}, {"trunk": "gone"}, {"findings": [{"code": "of another version"}]})
    assert opened.shows("/call", id="call-0").of("trouble") == [
        "It was decided under configuration 7; below, rules are those of 1."
    ]
    assert "There is no trunk gone any more" in opened.shows("/call", id="call-1").of("trouble")[0]


def test_a_call_that_is_not_there_is_said_to_be(opened: Opened) -> None:
    answer = opened.answers("/call", id=ATTACK)
    assert (answer.status, ATTACK.encode() in answer.body) == (404, False)


def test_how_the_guard_is_doing_is_seen_at_once(opened: Opened) -> None:
    opened.kept()
    page = opened.shows()
    assert {"ready", "2 of 2 targets up"} <= set(page.of("pill"))
    opened.work.loses(["pbx", "pbx-2"])
    opened.work.runtime.counts["mistake"] = 3
    opened.changed = {"reload_taken": False}
    page = opened.shows()
    assert {"not ready", "0 of 2 targets up", "3 mistakes of sip_guard: see its log, and report them"} <= set(
        page.of("pill")
    )
    assert [each[-1] for each in page.rows("Where calls go")] == ["down", "down"]
    assert page.of("trouble")[0] == "no target is up: pbx, pbx-2"
    assert "The last reload was refused" in page.of("trouble")[1]
    opened.changed = {"draining": True}
    assert "draining" in opened.shows().of("pill")


def calls(opened: Opened, **asked: str) -> list[dict[str, str]]:
    """Give what the links in the table of decisions ask for."""
    links = (link for link in opened.shows("/decisions", **asked).links() if link.startswith("/call"))
    return [{name: value for name, (value,) in parse_qs(urlsplit(link).query).items()} for link in links]
