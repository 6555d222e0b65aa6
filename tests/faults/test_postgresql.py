"""kill -9 of the program and of the database server, of a station that PostgreSQL keeps: at named moments and drawn ones.

What makes it another story than SQLite: the program asks for the commit and hears later what came of it. Whoever is killed
in between, program or server, nobody may be told "received" for nothing, and nothing may be there twice because it was
asked for again.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.support.life import NO_ESCALATION, living
from tests.support.moments import (
    AFTER_ASKED,
    AFTER_FLUSH,
    AFTER_WORD,
    BEFORE_ASKED,
    BEFORE_FLUSH,
    BEFORE_WORD,
    BEFORE_WRITE,
    SECOND_WORD,
    Moment,
    Moments,
)
from tests.support.places import eventually, let_pass
from tests.support.postgres import Server, durable_server
from tests.support.quiet import Quiet
from tests.support.running import Station, running

KILLS: Final = int(os.environ.get("SAFEZONE_FAULT_KILLS", "0")) or 20
SEED: Final = int(os.environ.get("SAFEZONE_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
OF_THE_PROGRAM: Final = {
    "before it asks for the commit": BEFORE_ASKED,
    "before it hears what came of it": AFTER_ASKED,
    "before the first word": BEFORE_WORD,
    "after the first word": AFTER_WORD,
    "before the second word": SECOND_WORD,
}
OF_THE_SERVER: Final = {
    "before its first byte": BEFORE_WRITE,
    "before its flush": BEFORE_FLUSH,
    "after its flush": AFTER_FLUSH,
}
IN_EVERY_RUN: Final = ("before it hears what came of it", "after its flush")
"""Of a press; the rest is a part of `make faults`."""
ACTS: Final = ("press", "press_simply", "report", "dispatch", "positions")


class Kept(NamedTuple):
    """A station in which only that happens what a test asks for, the server that keeps it, and what strikes that."""

    life: Quiet
    server: Server
    database: str
    moments: Moments


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, Moments]]:
    """A server that flushes, whose processes can be struck."""
    found = durable_server({"wal_sync_method": "fdatasync"})
    found.stop()
    moments = Moments(found.folder)
    found.env = moments.env
    found.start()
    yield found, moments
    found.close()


def _settings(server: Server, database: str) -> str:
    return f'database_url = "{server.url(database)}"\n\n{NO_ESCALATION}'


@pytest.fixture(scope="module")
def kept(server: tuple[Server, Moments], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One station for all; it is judged after each strike."""
    folder, database = tmp_path_factory.mktemp("steps"), server[0].create()
    moments = Moments(folder)
    with running(folder / "data", settings=_settings(server[0], database), env=moments.env) as station:
        life = Quiet(station, moments)
        life.start()
        yield Kept(life, server[0], database, server[1])
        life.settle()
        print("in the end:", life.judge())
        life.finish()


def _ready_to(act: str, life: Quiet) -> Callable[[], Any]:
    """What is asked at the moment of the fault; whatever has to come before it has come."""
    if act != "dispatch":
        return life.trackers[0].send if act == "positions" else getattr(life, act)
    desk = life.desks[0]
    incident = desk.carry_out("acknowledge", desk.take_call())

    def dispatch_and_the_rest() -> None:
        going = desk.carry_out("dispatch", incident)
        for later in ("accepted", "en_route", "on_scene", "close"):
            going = desk.carry_out(later, going)

    return dispatch_and_the_rest


def _all(moments: dict[str, Moment]) -> list[Any]:
    """Each act at each moment; few of them in every run."""
    return [
        pytest.param(
            act, moment, id=f"{act}, {name}",
            marks=[] if act == "press" and name in IN_EVERY_RUN else pytest.mark.matrix,
        )
        for act in ACTS
        for name, moment in moments.items()
    ]  # fmt: skip


@pytest.mark.parametrize(("act", "moment"), _all(OF_THE_PROGRAM))
def test_the_program_is_killed(kept: Kept, act: str, moment: Moment) -> None:
    kept.life.strike(moment, _ready_to(act, kept.life))
    kept.life.judge_in_peace()


@pytest.mark.parametrize(("act", "moment"), _all(OF_THE_SERVER))
def test_the_process_of_the_server_that_commits_is_killed(kept: Kept, act: str, moment: Moment) -> None:
    """PostgreSQL ends all its other processes then, and reads its own log."""
    node = _strike_server(kept, act, moment, with_parent=False)
    kept.life.judge_in_peace()
    assert kept.life.station.children()["node"] == node, "the program lived through it"


@pytest.mark.matrix
@pytest.mark.parametrize(("act", "moment"), _all(OF_THE_SERVER))
def test_the_whole_server_is_killed_in_mid_commit(kept: Kept, act: str, moment: Moment) -> None:
    node = _strike_server(kept, act, moment, with_parent=True)
    kept.life.judge_in_peace()
    assert kept.life.station.children()["node"] == node, "the program lived through it"


def _strike_server(kept: Kept, act: str, moment: Moment, *, with_parent: bool) -> int:
    """It was killed at this moment of what `act` does, is there again, and `act` was answered; the program's pid."""
    life, server = kept.life, kept.server
    node = life.station.wait_until_answering("node")
    do = _ready_to(act, life)
    eventually(life.is_quiet)
    [writer] = eventually(lambda: server.find_writers(kept.database)) or []
    family = server.processes()
    struck = next(each for each in family if each.pid == writer)
    kept.moments.kill(writer, moment, with_parent=with_parent)
    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(do)
        if with_parent:  # Nobody starts it again but a person or a service manager.
            server.wait_until_gone(family)
            server.start()
        asked.result()
    eventually(lambda: not struck.is_running())
    return node


VICTIMS: Final = ("node", "broker", "supervisor", "server", "the process that commits")


@pytest.mark.matrix
@pytest.mark.parametrize("victim", VICTIMS)
def test_everything_at_once(tmp_path: Path, server: tuple[Server, Moments], victim: str) -> None:
    database, chance = server[0].create(), random.Random(SEED)
    with (
        running(tmp_path / "data", settings=_settings(server[0], database)) as station,
        living(station, seed=SEED) as life,
    ):
        for _ in range(KILLS):
            let_pass(chance.uniform(0.0, 0.7))
            _kill(victim, station, server[0], database)
            if chance.random() < 0.5:
                life.wait_for_more()
        took_s = life.settle()
        print(f"seed {SEED}, {KILLS} kills of {victim}; all answered after {took_s:.1f} s; {life.judge()}")


def _kill(victim: str, station: Station, server: Server, database: str) -> None:
    """It is dead and there again; who has no supervisor is started by hand, as a service manager does."""
    if victim == "server":
        server.kill()
        server.start()
    elif victim == "the process that commits":
        [writer] = eventually(lambda: server.find_writers(database)) or []
        os.kill(writer, signal.SIGKILL)
    elif victim == "supervisor":
        os.kill(station.process.pid, signal.SIGKILL)
        station.process.wait()
        station.start_again()
    else:
        old = station.kill(victim)
        station.wait_until_answering(victim, unlike=old)
