"""Figures of benches: medians are told, and a change is what moved by more than runs of the same code do."""

from pathlib import Path

from figures import Figures, changed


def test_what_moved_by_more_than_either_spread_is_a_change() -> None:
    assert changed([100, 104, 98], [90, 91, 92])
    assert not changed([100, 104, 98], [96, 97, 98])
    assert not changed([100, 101, 102], [90, 94, 106])


def test_of_a_single_run_the_spread_is_unknown_so_nothing_is_a_change() -> None:
    assert not changed([100], [50, 51, 52])
    assert not changed([100, 101, 102], [50])


def test_figures_that_were_written_are_compared_with() -> None:
    before, now = Figures({"rate": 200}), Figures({"rate": 200})
    for round_ in range(3):
        before.add("guard, relay", "CPU, us a call", 3000 + round_)
        now.add("guard, relay", "CPU, us a call", 1500 + round_)
    assert now.text(before).split() == [
        *["guard,", "relay", "CPU,", "us", "a", "call", "1,501", "(1,500", "to", "1,502)"],
        *["before", "3,001", "(3,000", "to", "3,002)", "-50%", "CHANGED"],
    ]


def test_what_figures_hold_for_is_written_and_told_where_it_differs(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    before = Figures({"rate": 200})
    before.add("floor", "ES256, us", 80)
    before.write(file)
    read = Figures.read(file)
    assert read.samples == before.samples
    assert (
        Figures({"rate": 400}).text(read)
        == "the run before was under {'rate': 200}, and this one is under {'rate': 400}"
    )


def test_a_median_above_what_is_wanted_and_a_fault_are_missed() -> None:
    figures = Figures({})
    for ratio in (0.9, 1.6, 1.4):
        figures.add("ratios", "relay, to Kamailio's", ratio, most=1.5)
    assert not figures.missed()
    figures.add("ratios", "relay, to Kamailio's", 1.7, most=1.5)
    figures.add("ratios", "relay, to Kamailio's", 1.8, most=1.5)
    assert figures.missed()
    wrong = Figures({})
    wrong.faults.append("a guard has ended by itself")
    assert wrong.missed()
