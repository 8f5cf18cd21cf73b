"""A new list takes the place of the old one at once, and a broken one never does."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from compiling import NOW
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sip_guard.lists.compile import Job, Report, run
from sip_guard.lists.keeper import Entry, Keeper, ListSource, RefusedLists
from sip_guard.lists.listing import Listing
from sip_guard.lists.reading import Reading

T = TypeVar("T")
ONE, TWO = "442079460000", "441632960000"


class Desk:
    """Lists in a folder, a clock, and a compiler that is done when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir()
        self.clock = Clock()
        self.told: list[tuple[str, Report]] = []
        self.jobs: list[tuple[Job, Deferred[Report]]] = []
        self.cancelled: list[Job] = []

    def write(self, name: str, *rows: str) -> None:
        path = self.folder / f"new-{name}.csv"
        path.write_text("\n".join(["number", *rows, ""]))
        path.replace(self.folder / f"{name}.csv")

    def sources(self, *names: str) -> list[ListSource]:
        return [ListSource(name=name, file=str(self.folder / f"{name}.csv"), refresh=300.0) for name in names]

    def keeper(self, *names: str) -> Keeper:
        return Keeper(
            self.sources(*names),
            self.state,
            self._compile,
            self.clock,
            lambda name, report: self.told.append((name, report)),
        )

    def _compile(self, job: Job) -> Deferred[Report]:
        def stopped(deferred: Deferred[Report]) -> None:
            self.cancelled.append(job)
            deferred.callback(Report(faults=("stopped",)))

        self.jobs.append((job, Deferred(stopped)))
        return self.jobs[-1][1]

    def compiles(self, do: Callable[[Job], Report] = run) -> Report:
        """Let the compiler do the job that it was given first."""
        job, done = self.jobs.pop(0)
        report = do(job)
        done.callback(report)
        return report


def outcome(waited: Deferred[T]) -> T | BaseException:
    """Give what came of it, at once."""
    found: list[T | BaseException] = []
    waited.addCallbacks(found.append, lambda failure: found.append(failure.value))
    return found[0]


def succeeds(waited: Deferred[T]) -> T:
    found = outcome(waited)
    assert not isinstance(found, BaseException)
    return found


def fails(waited: Deferred[T]) -> RefusedLists:
    found = outcome(waited)
    assert isinstance(found, RefusedLists)
    return found


@pytest.fixture
def kept(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def names(keeper: Keeper, number: str) -> list[str]:
    return [entry.name for entry in keeper.find(number, NOW)]


def test_a_list_is_missing_until_it_is_compiled(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    keeper = kept.keeper("dno")
    keeper.start()
    assert (keeper.missing, keeper.find(ONE, NOW)) == (["dno"], [])
    kept.compiles()
    assert keeper.missing == []
    assert keeper.find(ONE, NOW) == [Entry("dno", Listing(), 12)]
    ((name, report),) = kept.told
    assert (name, report.faults, report.numbers) == ("dno", (), 1)


def test_lists_are_compiled_one_after_the_other(kept: Desk) -> None:
    kept.write("a", f"+{ONE}")
    kept.write("b", f"+{ONE}", f"+{TWO}")
    keeper = kept.keeper("a", "b")
    keeper.start()
    assert len(kept.jobs) == 1
    kept.compiles()
    assert len(kept.jobs) == 1
    kept.compiles()
    assert kept.jobs == []
    assert (names(keeper, ONE), names(keeper, TWO)) == (["a", "b"], ["b"])


def test_a_file_that_has_changed_is_compiled_at_the_next_look(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    keeper = kept.keeper("dno")
    keeper.start()
    kept.compiles()
    kept.clock.advance(300)
    assert kept.jobs == []
    kept.write("dno", f"+{TWO}")
    kept.clock.advance(300)
    assert names(keeper, ONE) == ["dno"]
    kept.compiles()
    assert (names(keeper, ONE), names(keeper, TWO)) == ([], ["dno"])


def test_a_broken_list_is_refused_at_each_look_and_the_old_one_stays(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    keeper = kept.keeper("dno")
    keeper.start()
    kept.compiles()
    kept.write("dno", f"+{TWO}", "nonsense")
    for _ in range(2):
        kept.clock.advance(300)
        fault = kept.compiles().faults[0]
        assert fault.startswith(f"{kept.folder / 'dno.csv'}:3: `nonsense` is no telephone number")
        assert (names(keeper, ONE), names(keeper, TWO)) == (["dno"], [])
    assert [bool(report.faults) for _, report in kept.told] == [False, True, True]


def test_a_file_that_vanished_is_told_and_the_old_list_stays(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    keeper = kept.keeper("dno")
    keeper.start()
    kept.compiles()
    (kept.folder / "dno.csv").unlink()
    kept.clock.advance(300)
    assert kept.compiles().faults == (f"{kept.folder / 'dno.csv'}: No such file or directory",)
    assert names(keeper, ONE) == ["dno"]


def test_what_was_compiled_before_is_in_force_from_the_start(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    kept.keeper("dno").start()
    kept.compiles()
    (kept.state / ".compiled-left-behind").write_bytes(b"half")
    again = kept.keeper("dno")
    assert (again.missing, names(again, ONE)) == ([], ["dno"])
    again.start()
    assert kept.compiles().unchanged
    assert [path.name for path in kept.state.iterdir()] == ["dno.list"]


def prepared(kept: Desk, keeper: Keeper, *lists: str) -> Deferred[Callable[[], None]]:
    """Prepare these lists, as for another configuration; whatever is to be compiled waits."""
    return Deferred.fromCoroutine(keeper.prepare(kept.sources(*lists)))


def test_another_configuration_compiles_what_has_changed_and_puts_all_of_it_in_force_at_once(kept: Desk) -> None:
    for name in ("a", "b", "c"):
        kept.write(name, f"+{ONE}")
    keeper = kept.keeper("a", "b")
    keeper.start()
    kept.compiles()
    kept.compiles()
    kept.write("b", f"+{TWO}")
    ready = prepared(kept, keeper, "b", "c")
    assert [Path(job.file).name for job, _ in kept.jobs] == ["b.csv"]
    kept.compiles()
    kept.compiles()
    assert (names(keeper, ONE), names(keeper, TWO)) == (["a", "b"], [])
    succeeds(ready)()
    assert (names(keeper, ONE), names(keeper, TWO)) == (["c"], ["b"])
    assert len(kept.clock.getDelayedCalls()) == 2


def test_what_has_not_changed_is_not_looked_into(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    keeper = kept.keeper("dno")
    keeper.start()
    kept.compiles()
    succeeds(prepared(kept, keeper, "dno"))()
    assert (kept.jobs, names(keeper, ONE), len(kept.clock.getDelayedCalls())) == ([], ["dno"], 1)


def test_one_file_that_is_not_good_changes_nothing(kept: Desk) -> None:
    kept.write("a", f"+{ONE}")
    kept.write("b", "x")
    keeper = kept.keeper("a")
    keeper.start()
    kept.compiles()
    refused = prepared(kept, keeper, "b")
    kept.compiles()
    (fault,) = fails(refused).faults
    assert fault.startswith(f"{kept.folder / 'b.csv'}:2: `x` is no telephone number")
    assert names(keeper, ONE) == ["a"]
    assert len(kept.clock.getDelayedCalls()) == 1


def test_a_list_at_a_url_that_cannot_be_had_now_is_no_reason_to_refuse(kept: Desk) -> None:
    keeper = kept.keeper()
    source = ListSource(name="x", url="https://x/y", sha256="0" * 64)
    ready = Deferred.fromCoroutine(keeper.prepare([source]))
    kept.compiles(lambda _: Report(faults=("https://x/y: no answer",)))
    succeeds(ready)()
    assert (keeper.missing, [report.faults for _, report in kept.told]) == (["x"], [("https://x/y: no answer",)])
    assert len(kept.jobs) == 1


def test_a_stop_ends_what_is_compiled_for_another_configuration(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    keeper = kept.keeper()
    refused = prepared(kept, keeper, "dno")
    keeper.stop()
    assert [Path(job.file).name for job in kept.cancelled] == ["dno.csv"]
    fails(refused)


def test_a_compiled_file_that_cannot_be_mapped_is_told(kept: Desk) -> None:
    kept.write("dno", f"+{ONE}")
    keeper = kept.keeper("dno")
    keeper.start()

    def broken(job: Job) -> Report:
        report = run(job)
        Path(job.target).write_bytes(b"x")
        return report

    kept.compiles(broken)
    assert keeper.missing == ["dno"]
    assert "is no compiled list" in kept.told[0][1].faults[0]


def test_nothing_goes_on_after_the_stop(kept: Desk) -> None:
    kept.write("a", f"+{ONE}")
    kept.write("b", f"+{ONE}")
    keeper = kept.keeper("a", "b")
    keeper.start()
    keeper.stop()
    assert [Path(job.file).name for job in kept.cancelled] == ["a.csv"]
    keeper.start()
    assert (len(kept.jobs), kept.told, kept.clock.getDelayedCalls()) == (1, [], [])


def test_looking_up_while_lists_are_replaced_finds_the_old_or_the_new(kept: Desk) -> None:
    keeper = kept.keeper("dno")
    for digit in range(10):
        kept.write("dno", f"+{ONE}", f"+44163296000{digit}")
        keeper.start()
        before = keeper.find(ONE, NOW)
        kept.compiles()
        assert names(keeper, ONE) == ["dno"]
        assert names(keeper, f"44163296000{digit}") == ["dno"]
        assert before in ([], [Entry("dno", Listing(), 12)])


def test_how_it_is_read_goes_to_the_compiler(kept: Desk) -> None:
    source = ListSource(name="x", url="https://x/y", sha256="0" * 64, reading=Reading(country="GB"), max_octets=5)
    Keeper([source], kept.state, kept._compile, kept.clock, lambda *_: None).start()
    job = kept.jobs[0][0]
    assert (job.file, job.url, job.sha256, job.max_octets, job.reading.country) == (
        "",
        "https://x/y",
        "0" * 64,
        5,
        "GB",
    )
    assert job.target == str(kept.state / "x.list")
