from sip_guard.memory import BURST, LATER, REST, Memory, give_back


def looks(*pending: int) -> list[int]:
    """Give at which of these looks memory was given back."""
    given: list[int] = []
    now = 0
    memory = Memory(lambda: given.append(now))
    for now, each in enumerate(pending):  # noqa: B007 - the function above reads it
        memory.look(each)
    return given


def test_what_a_burst_took_is_given_back_when_hardly_anything_is_left_of_it() -> None:
    assert looks(0, BURST, 5 * BURST, BURST, BURST // 2, REST - 1, 50, 0, 0, 0) == [5]


def test_what_is_left_is_given_back_when_it_is_over_too() -> None:
    assert looks(0, 5 * BURST, BURST // 2 - 1, REST, REST // 2, 5, 0, 0) == [2, 5]


def test_it_is_given_back_once_more_after_a_while() -> None:
    assert looks(BURST, *[0] * (3 * LATER)) == [1, 1 + LATER]


def test_each_burst_counts_anew() -> None:
    assert looks(BURST, 0, BURST, 0) == [1, 3]


def test_less_than_a_burst_is_not_worth_the_trouble() -> None:
    assert looks(BURST - 1, 0, BURST - 1, 0) == []


def test_memory_can_be_given_back_on_this_system() -> None:
    give_back()
