"""The broker's files are torn while presses stand in them that had a PUBACK: the station comes up by itself, nothing is lost.

The program hears nothing (SIGSTOP) while poles press; then everything is killed, files are torn as a disk tears them that
stops in the middle, and the station is started again, with no step by hand.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.life import NO_ESCALATION
from tests.support.places import eventually
from tests.support.quiet import Quiet
from tests.support.record import count_reports, list_reports, read_log
from tests.support.running import finish, lives, running
from tests.support.torn import A_HOLE, ALL_OF_IT, NO_HARM, PARTS, UNSEEN, Tear

PRESSES: Final = 8
IN_EVERY_RUN: Final = ("consumers' settings zeroed", "messages' settings cut")
"""The rest is a part of `make faults`."""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    """One station for all; it is judged after each tear."""
    with running(tmp_path_factory.mktemp("torn") / "data", settings=NO_ESCALATION) as station:
        life = Quiet(station)
        life.start()
        yield life
        life.settle()
        print("in the end:", life.judge())
        life.finish()


def _tear(life: Quiet, tear: Tear) -> None:
    """The station runs again; its store was torn in between, with presses in it that nobody had taken."""
    station = life.station
    eventually(life.is_quiet)
    os.kill(station.children()["node"], signal.SIGSTOP)
    waiting = [life.simple.press() for _ in range(PRESSES)]
    life.poles[0].press()
    eventually(lambda: all(map(life.simple.is_answered, waiting)))
    mine = station.processes()
    os.kill(station.process.pid, signal.SIGKILL)
    station.process.wait()
    eventually(lambda: not any(map(lives, mine)))
    tear(station.data / "broker")
    station.start_again()


def _hear_and_judge(life: Quiet) -> None:
    simple, database = life.simple, life.station.record
    eventually(lambda: count_reports(database, [simple.point]) == len(simple.presses), within_s=120.0)
    eventually(lambda: not life.poles[0].list_pending())
    life.press()
    life.press_simply()
    life.judge_in_peace()


def _some_always(tears: dict[str, Tear]) -> list[object]:
    return [
        pytest.param(tear, id=name, marks=[] if name in IN_EVERY_RUN else pytest.mark.matrix)
        for name, tear in tears.items()
    ]


@pytest.mark.parametrize("tear", _some_always({**PARTS, **ALL_OF_IT}))
def test_torn_files_are_set_aside_and_what_had_a_puback_comes(quiet: Quiet, tear: Tear) -> None:
    _tear(quiet, tear)
    _hear_and_judge(quiet)
    aside = quiet.station.data / "broker" / "set-aside"
    [folder] = aside.iterdir()
    part = quiet.station.readiness().json()["parts"]["broker_files"]
    assert part["state"] == "degraded"
    assert str(folder) in part["reason"]["th"]
    assert str(folder) in part["reason"]["en"]
    assert f"set aside in {folder}" in quiet.station.said()
    doctor = finish(["doctor", "--data", str(quiet.station.data), "--json"])
    lines = {each["name"]: each for each in json.loads(doctor.stdout)}
    assert (lines["broker_files"]["verdict"], lines["running.broker_files"]["verdict"]) == ("look", "look")
    shutil.rmtree(aside)
    assert quiet.station.readiness().json()["parts"]["broker_files"]["state"] == "ok"


@pytest.mark.matrix
def test_a_hole_in_the_messages(quiet: Quiet) -> None:
    """What stood in the hole is nowhere any more. What stands behind it comes, although nats-server cuts it off."""
    _tear(quiet, A_HOLE)
    simple, record = quiet.simple, quiet.station.record
    eventually(lambda: count_reports(record, [simple.point]) >= len(simple.presses) - 2)
    eventually(quiet.is_quiet)
    kept = {claim for claim, _ in list_reports(read_log(record))}
    missing = [press.n for press in simple.presses.values() if (simple.point, press.at) not in kept]
    assert len(missing) == 2
    assert missing[1] == missing[0] + 1
    for each in missing:
        del simple.presses[each]
    _hear_and_judge(quiet)
    shutil.rmtree(quiet.station.data / "broker" / "set-aside")


@pytest.mark.matrix
@pytest.mark.parametrize("tear", NO_HARM.values(), ids=NO_HARM)
def test_what_nats_server_can_do_without(quiet: Quiet, tear: Tear) -> None:
    _tear(quiet, tear)
    _hear_and_judge(quiet)
    assert not (quiet.station.data / "broker" / "set-aside").exists()


@pytest.mark.matrix
def test_a_store_in_which_nothing_wrong_can_be_seen_is_set_aside_when_starting_again_does_not_help(
    quiet: Quiet,
) -> None:
    _tear(quiet, UNSEEN)
    _hear_and_judge(quiet)
    aside = quiet.station.data / "broker" / "set-aside"
    assert len(list(aside.iterdir())) == 1
    shutil.rmtree(aside)
