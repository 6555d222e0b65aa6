"""The line between the station and its poles and consoles loses, delays, doubles and reorders packets, below TCP.

The station runs in one network namespace, whoever calls it and watches it in another (tests/support/bad_line.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.bad_line import NEAR, BadLine, Weather, bad_line
from tests.support.life import NO_ESCALATION, Life, living
from tests.support.places import eventually, let_pass
from tests.support.running import running

LISTENING: Final = f'[web]\nhost = "{NEAR}"\n\n[broker]\nlisten = "{NEAR}"\n\n{NO_ESCALATION}'
CLEAR: Final = Weather()
WEATHERS: Final = {
    "5 % lost": Weather(loss=0.05, delay_s=0.02),
    "20 % lost": Weather(loss=0.2, delay_s=0.02),
    "half of them doubled": Weather(twice=0.5),
    "in any order": Weather(delay_s=0.01, jitter_s=0.1),
    "far away": Weather(delay_s=0.6),
    "all at once": Weather(loss=0.05, twice=0.1, delay_s=0.05, jitter_s=0.05),
}
IN_EVERY_RUN: Final = "all at once"
"""The rest is a part of `make faults`."""
SAYS_SO_WITHIN_S: Final = 15.0


@contextmanager
def _life_at_the_far_end(tmp_path: Path, *, pace_s: float = 0.5) -> Iterator[tuple[BadLine, Life]]:
    with bad_line() as line, line.near(), running(tmp_path / "data", settings=LISTENING) as station:
        assert station.url.startswith(f"http://{NEAR}:")
        with line.far(), living(station, pace_s=pace_s) as life:
            yield line, life


def _judge(line: BadLine, life: Life, what: str) -> None:
    line.weather = CLEAR
    life.settle()
    print(f"{what}: {line}; {life.judge()}")


@pytest.mark.parametrize(
    "name",
    [each if each == IN_EVERY_RUN else pytest.param(each, marks=pytest.mark.matrix) for each in WEATHERS],
)
def test_everything_arrives_once_through_bad_weather(tmp_path: Path, name: str) -> None:
    with _life_at_the_far_end(tmp_path) as (line, life):
        line.weather = WEATHERS[name]
        rounds = 1 if name == IN_EVERY_RUN else 5
        began = time.monotonic()
        for _ in range(rounds):
            life.wait_for_more()
        print(f"{rounds} rounds in {time.monotonic() - began:.1f} s")
        assert not WEATHERS[name].loss or line.lost
        assert not WEATHERS[name].twice or line.doubled
        assert not WEATHERS[name].jitter_s or line.overtaken
        _judge(line, life, name)


@pytest.mark.matrix
@pytest.mark.parametrize("cut_s", [5.0, 40.0])
def test_nothing_passes_for_a_while(tmp_path: Path, cut_s: float) -> None:
    with _life_at_the_far_end(tmp_path) as (line, life):
        connections, cut_at_s = len(life.screen.connections), time.monotonic()
        line.weather = Weather(loss=1.0)
        presses = [pole.press() for pole in life.poles]
        let_pass(cut_s)
        assert [press.receipts for press in presses] == [[], [], []]
        noticed = [each.until_s - cut_at_s for each in life.screen.connections[connections:]]
        line.weather = CLEAR
        began = time.monotonic()
        eventually(lambda: all(press.receipts for press in presses), within_s=120.0)
        if cut_s > SAYS_SO_WITHIN_S:
            assert noticed, "the console did not notice"
            assert noticed[0] < SAYS_SO_WITHIN_S
        what = f"nothing for {cut_s:.0f} s, receipts {time.monotonic() - began:.1f} s after it"
        _judge(line, life, f"{what}, console noticed after {[round(each, 1) for each in noticed[:1]]}")
