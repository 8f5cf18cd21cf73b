"""Whoever asks for another configuration is told what became of it."""

import json
from io import BytesIO

import pytest
from twisted.internet.defer import Deferred

from sip_guard.config import ConfigError
from sip_guard.config.fault import Placed
from sip_guard.lists.keeper import RefusedLists
from sip_guard.log import logger
from sip_guard.service.reloading import Refused, Reloading
from sip_guard.supervisor import Supervisor


class Desk:
    """Reloads that are done when the test says so."""

    def __init__(self) -> None:
        self.log = BytesIO()
        self.at_work: list[Deferred[int]] = []
        self.reloading = Reloading(self._reload, logger(self.log), Supervisor({}))

    async def _reload(self) -> int:
        self.at_work.append(Deferred())
        return await self.at_work[-1]

    def asks(self) -> list[object]:
        """Ask, and give where the answer will be."""
        told: list[object] = []
        self.reloading.ask().addCallbacks(told.append, lambda failure: told.append(failure.value))
        return told

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def test_who_asks_gets_the_generation() -> None:
    desk = Desk()
    told = desk.asks()
    desk.at_work[0].callback(2)
    assert told == [2]
    assert [(line["event"], line["generation"]) for line in desk.lines()] == [("reloaded", 2)]


def test_all_who_ask_while_one_is_under_way_share_the_next() -> None:
    desk = Desk()
    first, second, third = desk.asks(), desk.asks(), desk.asks()
    assert len(desk.at_work) == 1
    desk.at_work[0].callback(2)
    assert (first, second, third) == ([2], [], [])
    desk.at_work[1].callback(3)
    assert (second, third) == ([3], [3])
    assert len(desk.at_work) == 2


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (ConfigError([Placed("bad", "x.yaml", 1), Placed("worse", "x.yaml", 2)]), ["x.yaml:1: bad", "x.yaml:2: worse"]),
        (RefusedLists(["dno.csv:3: `x` is no telephone number"]), ["dno.csv:3: `x` is no telephone number"]),
        (OSError(98, "cannot listen on UDP 192.0.2.1:5060"), ["cannot listen on UDP 192.0.2.1:5060"]),
        (FileNotFoundError(2, "No such file or directory", "/x/crl"), ["/x/crl: No such file or directory"]),
        (ValueError("guard.key: not the key"), ["guard.key: not the key"]),
    ],
)
def test_a_refusal_says_all_that_is_wrong_and_so_does_the_log(error: Exception, lines: list[str]) -> None:
    desk = Desk()
    (told, again) = desk.asks(), desk.asks()
    desk.at_work[0].errback(error)
    (refused,) = told
    assert isinstance(refused, Refused)
    assert refused.lines == lines
    assert [(line["event"], line["reason"]) for line in desk.lines()] == [("not_reloaded", line) for line in lines]
    desk.at_work[1].callback(2)
    assert again == [2]


def test_a_mistake_of_ours_is_told_as_one() -> None:
    desk = Desk()
    told = desk.asks()
    desk.at_work[0].errback(RuntimeError("oh"))
    (refused,) = told
    assert isinstance(refused, Refused)
    assert refused.lines == ["a mistake of sip_guard, see its log"]
    assert [line["event"] for line in desk.lines()] == ["mistake", "not_reloaded"]
