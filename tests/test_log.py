"""One JSON object a line, and nothing that the log meets stops a call."""

import json
from io import BytesIO, RawIOBase
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from sip_guard.log import MOST, SOON, logger


def lines(file: BytesIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_a_line_is_one_object_that_begins_with_when_and_what() -> None:
    file = BytesIO()
    logger(file).info("decision", rule="stale", code=403, nothing=None)
    assert file.getvalue().endswith(b"}\n")
    (line,) = lines(file)
    assert list(line) == ["ts", "event", "level", "rule", "code", "nothing"]
    assert str(line.pop("ts")).endswith("Z")
    assert line == {"event": "decision", "level": "info", "rule": "stale", "code": 403, "nothing": None}


def test_a_line_stays_one_line_whatever_a_peer_wrote() -> None:
    file = BytesIO()
    logger(file).warning("malformed", reason='a\r\nb"c\x00\u2028\x1b[31m')
    assert file.getvalue().count(b"\n") == 1
    assert lines(file)[0]["reason"] == 'a\r\nb"c\x00\u2028\x1b[31m'


def test_what_json_does_not_know_is_written_as_text() -> None:
    file = BytesIO()
    logger(file).info("x", value=object)
    assert lines(file)[0]["value"] == "<class 'object'>"


def test_a_mistake_has_its_traceback() -> None:
    file = BytesIO()
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError("oh")
    logger(file).error("mistake", where="here", exc_info=caught.value)
    (line,) = lines(file)
    assert "exc_info" not in line
    assert "test_a_mistake_has_its_traceback" in str(line["exception"])
    assert str(line["exception"]).endswith("RuntimeError: oh")


def test_a_mistake_without_an_exception_is_logged_too() -> None:
    file = BytesIO()
    logger(file).error("mistake", where="here", exc_info=None)
    assert lines(file)[0]["where"] == "here"


def test_what_is_less_than_info_is_not_written() -> None:
    file = BytesIO()
    logger(file).debug("x")
    assert file.getvalue() == b""


class Full(RawIOBase):
    """A disk without room."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = 0

    def writable(self) -> bool:
        return True

    def write(self, _: object, /) -> int:
        self.tried += 1
        raise OSError(28, "No space left on device")


def test_a_line_that_cannot_be_written_stops_nothing() -> None:
    file = Full()
    log = logger(file)  # type: ignore[arg-type]
    log.info("x")
    log.info("y")
    assert file.tried == 2


def test_each_line_is_out_before_the_next_thing_happens(tmp_path: Path) -> None:
    path = tmp_path / "guard.log"
    with path.open("ab") as file:
        logger(file).info("x")
        assert path.read_bytes().count(b"\n") == 1


def test_with_a_clock_lines_wait_for_each_other() -> None:
    file, clock = BytesIO(), Clock()
    log = logger(file, clock=clock)
    log.info("first")
    log.info("second")
    assert file.getvalue() == b""
    clock.advance(SOON)
    assert [line["event"] for line in map(json.loads, file.getvalue().splitlines())] == ["first", "second"]
    assert clock.getDelayedCalls() == []


def test_no_more_lines_wait_than_some() -> None:
    file = BytesIO()
    log = logger(file, clock=Clock())
    for _ in range(MOST + 1):
        log.info("decision")
    assert len(file.getvalue().splitlines()) == MOST
