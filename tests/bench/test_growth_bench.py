"""What the bench of growth measures are calls that go well, in a guard that has as much as was asked for."""

from pathlib import Path

from call import Size, in_turn, warm
from growth import growths

CALLS = 4


def test_a_guard_with_more_of_everything_has_the_same_calls(tmp_path: Path) -> None:
    sizes = Size(), Size(in_progress=5, rules=3, signers=2, protected=50, callers=3)
    guards, number = warm(tmp_path, sizes, signed=True)
    in_turn(guards, range(number, number + CALLS))
    for guard in guards:
        assert {what: len(taken) for what, taken in guard.taken.items()} == dict.fromkeys(
            ("INVITE", "100", "180", "200 to INVITE", "ACK", "BYE", "200 to BYE", "timers"), CALLS
        )


def test_little_and_much_differ_in_one_thing() -> None:
    for sizes in growths(5_000_000).values():
        assert sum(little != much for little, much in zip(*sizes, strict=True)) == 1
