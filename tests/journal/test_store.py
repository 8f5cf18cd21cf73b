"""A record of either kind: what is added is found, the oldest goes, and what names a number can be deleted."""

from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from decisions import row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sip_guard.journal import schema
from sip_guard.journal.opening import to_read, to_write
from sip_guard.journal.options import Place
from sip_guard.journal.row import Answer, End, Row
from sip_guard.journal.store import STEP, Store, Wanted
from sip_guard.journal.trouble import RefusedRecord, Unusable

NUMBERS = ("", "alice", "441632960001", "442079460123", "12155550100")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ("NULL", "null", "", '"', "\\", "\\u0000", "{a,b}", "a,b", "?", "$1", ":a", "'; --", "\n", "%", "☎", "\0")
)
DECISIONS = st.lists(
    st.fixed_dictionaries(
        {
            "time": st.integers(0, 20).map(float),
            "call_id": st.sampled_from("abc"),
            "trunk": st.sampled_from(("one", "two")),
            "rule": st.sampled_from(("unsigned", "attested")),
            "result": st.sampled_from(("absent", "passed", "failed")),
            "action": st.sampled_from(("allow", "tag", "reject 403", "reject 438")),
            "caller": st.sampled_from(NUMBERS),
            "target": st.sampled_from(NUMBERS),
        }
    ),
    max_size=40,
)
WANTED = st.builds(
    Wanted,
    numbers=st.lists(st.sampled_from(NUMBERS[1:]), max_size=2, unique=True).map(tuple),
    call_id=st.none() | st.sampled_from("abc"),
    trunk=st.none() | st.just("one"),
    rule=st.none() | st.just("attested"),
    result=st.none() | st.just("passed"),
    action=st.none() | st.sampled_from(("tag", "reject", "reject 403")),
    since=st.none() | st.integers(0, 20).map(float),
    until=st.none() | st.integers(0, 20).map(float),
    limit=st.integers(1, 50),
)
one_record = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""For all examples; each of them begins with `emptied`."""


def emptied(store: Store) -> None:
    while store.trim(float("inf")):
        pass


def kept(store: Store, **wanted: Any) -> list[str]:
    """Give the Call-IDs of what is found."""
    return [found.fields["call_id"] for found in store.search(Wanted(**wanted))]


def numbered(store: Store, **wanted: Any) -> list[int]:
    """Give the generations of what is found, by which examples count their decisions."""
    return [found.fields["generation"] for found in store.search(Wanted(**wanted))]


def is_wanted(decision: dict[str, Any], wanted: Wanted) -> bool:
    """Say in other words what a search means."""
    return (
        (not wanted.numbers or bool(set(wanted.numbers) & {decision["caller"], decision["target"], "441632960001"}))
        and all(getattr(wanted, name) in (None, decision[name]) for name in ("call_id", "trunk", "rule", "result"))
        and (wanted.action is None or f"{decision['action']} ".startswith(f"{wanted.action} "))
        and (wanted.since is None or decision["time"] >= wanted.since)
        and (wanted.until is None or decision["time"] < wanted.until)
    )


@one_record
@given(decisions=DECISIONS, asked=st.lists(WANTED, min_size=1, max_size=5))
def test_a_search_gives_just_what_meets_all_conditions_the_newest_first(
    store: Store, decisions: list[dict[str, Any]], asked: list[Wanted]
) -> None:
    emptied(store)
    store.add([row(generation=at, **decision) for at, decision in enumerate(decisions)])
    for wanted in asked:
        there = [(each["time"], at) for at, each in enumerate(decisions) if is_wanted(each, wanted)]
        found = [(each.time, each.fields["generation"]) for each in store.search(wanted)]
        assert found == sorted(there, reverse=True)[: wanted.limit]


@one_record
@given(decisions=DECISIONS, before=st.integers(0, 21).map(float))
def test_what_is_too_old_goes_and_nothing_else(store: Store, decisions: list[dict[str, Any]], before: float) -> None:
    emptied(store)
    store.add([row(generation=at, **decision) for at, decision in enumerate(decisions)])
    left = {at for at, each in enumerate(decisions) if each["time"] >= before}
    assert store.any_between(float("-inf"), before) == (len(left) < len(decisions))
    assert store.trim(before) == len(decisions) - len(left)
    assert store.trim(before) == 0
    assert not store.any_between(float("-inf"), before)
    assert set(numbered(store)) == left
    for number in NUMBERS[1:]:
        of_it = {at for at in left if number in ("441632960001", decisions[at]["caller"], decisions[at]["target"])}
        assert set(numbered(store, numbers=(number,))) == of_it


@one_record
@given(texts=st.lists(TEXTS, min_size=1, max_size=5), at=st.floats(0, 2**33))
def test_whatever_a_peer_wrote_comes_back_as_it_was(store: Store, texts: list[str], at: float) -> None:
    emptied(store)
    store.add([row(at, call_id=text, caller=text, reason=text) for text in texts])
    found = list(store.search(Wanted()))
    assert [(each.time, each.fields["call_id"]) for each in found] == [(at, text) for text in reversed(texts)]
    searched = [text for text in texts if "\0" not in text]
    assert {text for text in searched if text not in kept(store, call_id=text)} == set()
    assert {text for text in searched if text and text not in kept(store, numbers=(text,))} == set()


def test_old_decisions_go_in_small_steps(store: Store) -> None:
    store.add([row(float(at), str(at)) for at in range(STEP + 10)])
    assert [store.trim(STEP + 5.0) for _ in range(3)] == [STEP, 5, 0]
    assert kept(store) == [str(at) for at in reversed(range(STEP + 5, STEP + 10))]


def test_all_of_a_batch_is_kept_or_nothing(store: Store) -> None:
    class Nobody:
        """What no record can hold."""

    wrong = row(2.0, "b")
    wrong = wrong._replace(values=(*wrong.values[:8], Nobody(), wrong.values[9]))
    with pytest.raises((Unusable, TypeError)):
        store.add([row(1.0, "a"), wrong])
    assert kept(store) == []
    store.add([row(1.0, "a")])
    assert kept(store) == ["a"]


def test_a_decision_that_is_there_already_is_not_kept_twice(store: Store) -> None:
    batch = [row(float(at), str(at), call=at) for at in range(3)]
    store.add(batch[:2])
    # It was committed, and the answer that said so was lost: all of it is written again, and what came in between.
    store.add(batch)
    assert kept(store) == [*"210"]
    assert kept(store, numbers=("441632960001",)) == [*"210"]
    assert [each.rule for each in store.shadows(Wanted())] == ["number"] * 3


def test_it_is_read_while_it_is_written(place: Place, store: Store) -> None:
    store.add([row(float(at), str(at)) for at in range(10)])
    with closing(to_read(place)) as other:
        reading = other.search(Wanted())
        assert next(reading).fields["call_id"] == "9"
        store.add([row(10.0, "10")])
        store.trim(5.0)
        assert [each.fields["call_id"] for each in reading] == [*"876543210"]
        assert kept(other) == ["10", *"98765"]


def test_what_names_a_number_is_deleted(store: Store) -> None:
    number = "442079460123"
    found = {"code": "mismatch", "detail": f"orig is {number}", "token": 1, "weighs": True, "orig": number}
    others = [
        row(4.0, "longer", caller=f"{number}4"),
        row(5.0, "shorter", caller=number[:-1]),
        row(6.0, f"9{number}@192.0.2.1", caller="12155550100"),
    ]
    theirs = [
        row(1.0, "from", caller=number),
        row(2.0, "finding", caller="12155550100", findings=[found]),
        row(3.0, f"{number}@192.0.2.1", caller="12155550100"),
    ]
    store.add([*theirs, *others])
    assert store.delete(store.naming((number,))) == len(theirs)
    assert store.naming((number,)) == []
    assert len(kept(store)) == len(others)


def test_as_many_decisions_are_deleted_as_there_are(store: Store) -> None:
    many = 2 * STEP + 1
    for begin in range(0, many, STEP):
        store.add([row(float(at), str(at), caller="442079460123") for at in range(begin, min(begin + STEP, many))])
    assert store.delete(store.naming(("442079460123",))) == many
    assert kept(store) == []


def test_a_short_number_is_no_other_figure(store: Store) -> None:
    store.add([row(1.0, "a", target="403"), row(2.0, "403", sip_code=403, action="reject 403")])
    store.delete(store.naming(("403",)))
    assert kept(store) == ["403"]


def test_a_record_that_no_guard_has_made_ready_is_not_read(place: Place) -> None:
    with pytest.raises((RefusedRecord, FileNotFoundError)):
        to_read(place)
    to_write(place).close()
    with closing(to_read(place)) as store:
        assert kept(store) == []


def test_how_calls_went_on_is_kept_beside_their_decisions(store: Store) -> None:
    store.add([row(float(at), str(at), call=2**62 + at) for at in range(4)])
    entries: list[Answer | End] = [Answer(200, 5.5, 2**62), Answer(486, None, 2**62 + 1), Answer(200, 6.0, 2**62 + 2)]
    entries.append(End(61.5, 2**62))
    for _ in range(2):
        store.went([*entries, Answer(200, 7.0, 99), End(1.0, 98)])
    assert {found.fields["call_id"]: found[2:] for found in store.search(Wanted())} == {
        "0": (200, 5.5, 61.5),
        "1": (486, None, None),
        "2": (200, 6.0, None),
        "3": (None, None, None),
    }


def test_what_rules_in_shadow_would_have_done_is_found_with_how_it_went(store: Store) -> None:
    would = [{"rule": "new", "action": "reject 403", "mode": "shadow"}, {"rule": "other", "action": "tag"}]
    store.add([row(float(at), str(at), call=at, trunk="ab"[at % 2], shadow=would[: at + 1]) for at in range(4)])
    store.add([row(5.0, "none", call=5, shadow=[]), row(6.0, "refused", call=6, shadow=would[1:], sip_code=403)])
    store.went([Answer(200, 9.0, 1), End(60.0, 1), Answer(486, None, 2)])
    assert sorted(store.shadows(Wanted(trunk="b")), key=str) == [
        ("new", "reject 403", None, 9.0, 60.0),
        ("new", "reject 403", None, None, None),
        ("other", "tag", None, 9.0, 60.0),
        ("other", "tag", None, None, None),
    ]
    assert len([*store.shadows(Wanted(since=1.0, until=3.0))]) == 4
    assert [*store.shadows(Wanted(since=6.0))] == [("other", "tag", 403, None, None)]
    store.trim(3.0)
    assert [each.rule for each in store.shadows(Wanted(until=4.0, trunk="b"))] == ["new", "other"]


def test_a_record_of_version_1_keeps_its_decisions_and_learns_of_answers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    would = [{"rule": "uk-never", "action": "reject 403"}, {"rule": "campaign", "action": "tag"}]
    with monkeypatch.context() as before:
        before.setattr(schema, "VERSION", 1)
        before.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        with closing(to_write(place)) as store:
            for at, shadows in enumerate([would, []]):
                _first(store, row(float(at), str(at), shadow=shadows))
    with pytest.raises(RefusedRecord, match="is an older record, or a new one"):
        to_read(place)
    with closing(to_write(place)) as store:
        store.add([row(2.0, "2", call=7, shadow=[])])
        store.went([Answer(200, 3.0, 7), End(9.0, 7)])
        assert [(found.fields["call_id"], *found[2:]) for found in store.search(Wanted())] == [
            ("2", 200, 3.0, 9.0),
            ("1", None, None, None),
            ("0", None, None, None),
        ]
        assert sorted(store.shadows(Wanted())) == [
            ("campaign", "tag", None, None, None),
            ("uk-never", "reject 403", None, None, None),
        ]


def _first(store: Store, decision: Row) -> None:
    """Keep a decision as the first version did."""
    names = ("time", "call_id", "trunk", "result", "action", "rule", "reason", "sip_code", "record")
    statement = f"INSERT INTO decision ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    store._change(statement, decision.values[1:])


def test_each_version_leads_to_the_next_one_or_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(to_write(place)) as store:
        store.add([row(1.0, "kept")])
    good = "ALTER TABLE decision ADD COLUMN hour {real}"
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    released = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, (good, "ALTER TABLE nowhere ADD COLUMN hour {real}")))
    with pytest.raises(Unusable, match="nowhere"):
        to_write(place)
    with pytest.raises(RefusedRecord, match="is an older record, or a new one"):
        to_read(place)
    # Neither what failed nor what was done already is in the way: a column cannot be added twice.
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, (good,)))
    to_write(place).close()
    to_write(place).close()
    with closing(to_read(place)) as store:
        assert kept(store) == ["kept"]


@one_record
@given(decisions=DECISIONS, wanted=WANTED, begin=st.integers(-20, 0).map(float), step=st.floats(0.5, 10))
def test_what_is_counted_is_what_a_search_finds(
    store: Store, decisions: list[dict[str, Any]], wanted: Wanted, begin: float, step: float
) -> None:
    emptied(store)
    store.add([row(**decision) for decision in decisions])
    found = [*store.search(wanted)]
    alike = Counter((int((at - begin) / step), f["trunk"], f["rule"], f["action"]) for at, f, *_ in found)
    assert {tuple(each[:4]): each.calls for each in store.counted(wanted, begin, step)} == alike
    shown = sorted(Counter(each.fields["from"] for each in found).items(), key=lambda pair: (-pair[1], pair[0]))
    assert store.presented(wanted, 2) == shown[:2]


def test_what_rules_in_shadow_would_have_done_is_counted_with_how_it_went(store: Store) -> None:
    new, other = ({"rule": rule, "action": "reject 403", "mode": "shadow"} for rule in ("new", "other"))
    store.add([row(float(at), str(at), call=at, shadow=[new]) for at in range(4)])
    store.add([row(5.0, "both", call=5, shadow=[new, other], sip_code=403), row(6.0, "none", call=6, shadow=[])])
    store.went([Answer(200, 9.0, 1), End(60.0, 1), Answer(200, 9.0, 2), Answer(486, None, 3)])
    assert store.would(Wanted()) == [("new", "reject 403", 5, 1, 2, 60.0), ("other", "reject 403", 1, 1, 0, None)]
    assert store.would(Wanted(since=5.0)) == [
        ("new", "reject 403", 1, 1, 0, None),
        ("other", "reject 403", 1, 1, 0, None),
    ]
