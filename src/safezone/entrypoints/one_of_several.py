"""What a process needs that is one of several of a station: to find the first of them, and to hear from the others."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from safezone.core.errors import CannotStart, Unavailable
from safezone.core.i18n import Words
from safezone.core.settings import Broker
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.fanout import Fanout, FanoutSettings
from safezone.entrypoints.feeds import MovingUnits
from safezone.entrypoints.health import Report, report_of
from safezone.entrypoints.node import DOORS, Node
from safezone.patrol.handlers import PositionsMoved

WAIT_S: Final = 60.0


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What the first process tells the others in `run/doors.json`; only this program's user may read it."""

    station: str
    mqtt_host: str
    mqtt_port: int
    fanout: FanoutSettings


def fanout_settings(wanted: Broker, directory: Path) -> FanoutSettings:
    """How the processes reach NATS: the embedded one, or the station's own; CannotStart when there is none."""
    if wanted.nats_url:
        return FanoutSettings(
            servers=[each.strip() for each in wanted.nats_url.split(",")],
            credentials_file=wanted.nats_credentials_file,
        )
    state = None if wanted.host else broker.load(directory).state
    if state is None or state.fanout is None:
        raise CannotStart(
            Words(
                th="หลายกระบวนการต้องใช้ NATS: ตั้ง [broker] nats_url เมื่อใช้โบรกเกอร์ของตนเอง",
                en="Several processes need NATS: set [broker] nats_url beside a broker of your own.",
            )
        )
    return FanoutSettings(
        servers=[f"nats://127.0.0.1:{state.nats_port}"],
        username=state.fanout.username,
        password=state.fanout.password,
    )


def wait_for_beginning(path: Path) -> Beginning:
    """What the first process says, once it does; Unavailable when it says nothing."""
    until_s = time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Beginning)
        except FileNotFoundError:
            time.sleep(0.02)
    raise Unavailable(f"the process that makes the station has not begun within {WAIT_S:g} s")


def join(node: Node, settings: FanoutSettings, process: str, others: list[str]) -> None:
    """The node hears of what the others commit, tells them of its own commits, and shows how they are."""
    moving = MovingUnits()
    fanout = Fanout(
        settings,
        process,
        node.desk.station,
        node.engine.follower,
        {"positions_moved": PositionsMoved},
        moving.split,
        partial(_look_at_own_parts, node),
        node.trouble,
    )
    broker_is_here = not (node.desk.settings.broker.host or node.desk.settings.broker.nats_url)
    node.hub.trouble = partial(fanout.trouble, first=DOORS, broker_is_here=broker_is_here)
    node.doors.append(fanout)
    node.health.add("fanout", fanout.check)
    for name in others:
        node.health.add(_OTHER + name, partial(fanout.check_other, name, presses_need_it=name == DOORS))


_OTHER: Final = "process_"


async def _look_at_own_parts(node: Node) -> Report:
    """How this process itself is: what others say of themselves is not said again in their name."""
    report = await node.health.look()
    return report_of({name: part for name, part in report.parts.items() if not name.startswith(_OTHER)})
