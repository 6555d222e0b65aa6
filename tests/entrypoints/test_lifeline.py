"""Between a child and its supervisor: silence means something only from those who are watched, and not at once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from safezone.entrypoints import lifeline
from safezone.entrypoints.lifeline import READY_ENV, Lifeline, tell_ready

TURN_S = 2.5


class Stopwatch:
    """The time as the lifeline sees it, moved on by the test."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    found = Stopwatch()
    monkeypatch.setattr(lifeline, "time", found)
    return found


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Reading and writing; the reading end is closed by the lifeline."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(writing)


def _count_turns_until_it_hangs(line: Lifeline, watch: Stopwatch) -> int:
    for turn in range(1, 100):
        watch.now_s += TURN_S / 2
        assert not line.hangs(), "in the middle of a turn"
        watch.now_s += TURN_S / 2
        if line.hangs():
            return turn
    raise AssertionError("it never hangs")


def test_silence_after_the_first_word_is_noticed_once(pipe: tuple[int, int], watch: Stopwatch) -> None:
    line = Lifeline(pipe[0], watched=True, turn_s=TURN_S)
    assert not line.is_awaited, "it may take its time to start"
    os.write(pipe[1], b"1")
    line.hear()
    assert line.ready
    assert _count_turns_until_it_hangs(line, watch) == 4
    watch.now_s += TURN_S * 2
    assert not line.hangs(), "it has been said, and it is being killed"
    line.close()


def test_a_word_in_time_begins_the_count_anew(pipe: tuple[int, int], watch: Stopwatch) -> None:
    line = Lifeline(pipe[0], watched=True, turn_s=TURN_S)
    for _ in range(8):
        os.write(pipe[1], b"1")
        line.hear()
        watch.now_s += TURN_S * 1.2
        assert not line.hangs()
    line.close()


def test_a_supervisor_that_was_asleep_itself_blames_nobody(pipe: tuple[int, int], watch: Stopwatch) -> None:
    """The machine was suspended: however long it was, it counts as one turn."""
    line = Lifeline(pipe[0], watched=True, turn_s=TURN_S)
    os.write(pipe[1], b"1")
    line.hear()
    watch.now_s += TURN_S * 10
    assert not line.hangs()
    line.close()


def test_who_is_not_watched_may_be_silent(pipe: tuple[int, int]) -> None:
    line = Lifeline(pipe[0], watched=False, turn_s=TURN_S)
    os.write(pipe[1], b"1")
    line.hear()
    assert (line.ready, line.pipe, line.is_awaited) == (True, None, False)


def test_a_pipe_that_nobody_empties_holds_nobody_up(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(READY_ENV, str(pipe[1]))
    say = tell_ready()
    for _ in range(100_000):  # More than a pipe takes.
        say()
    line = Lifeline(pipe[0], watched=True)
    line.hear()
    assert line.ready
    line.close()


def test_without_a_supervisor_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(READY_ENV, raising=False)
    tell_ready()()
