"""Plays the poles and patrols of the demonstration, through the doors that real ones use and nothing else."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from safezone.entrypoints.demo.doors import Door, Refused
from safezone.entrypoints.demo.officer import Officer
from safezone.entrypoints.demo.pole import Counter, NotLetIn, Pole
from safezone.entrypoints.demo.running import (
    NoDemo,
    Said,
    Secrets,
    find_running,
    read_heartbeat_interval_s,
    read_secrets,
)
from safezone.entrypoints.demo.scenario import Evening
from safezone.entrypoints.demo.streets import Streets

if TYPE_CHECKING:
    import argparse

    from safezone.entrypoints.cli.parsing import Wire

LOOK_EVERY_S: Final = 0.1
CANNOT_START: Final = 78


def run_simulate(args: argparse.Namespace, _wire: Wire) -> int:
    """Plays until it is told to stop (0); 78 with one line when the data folder is not a demonstration's."""
    try:
        asyncio.run(_until_told(args.data, args.scenario, args.speed))
    except NoDemo as problem:
        _say(problem.words.th, problem.words.en)
        return CANNOT_START
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    return 0


async def _until_told(data: Path, scenario: str | None, speed: float) -> None:
    me = asyncio.current_task()
    assert me is not None  # noqa: S101 - it is running this line
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    # The node writes where it answers when it answers; until then there is nobody to ask.
    while find_running(data) is None:  # noqa: ASYNC110 - it is another process that writes it
        await asyncio.sleep(LOOK_EVERY_S)
    secrets = read_secrets(data)
    poles = [
        Pole(point, password, lambda: find_running(data), Counter(data, point))
        for point, password in secrets.passwords.items()
    ]
    officers = await _officers(data, secrets, speed)
    interval_s = read_heartbeat_interval_s(data)
    async with asyncio.TaskGroup() as everybody:
        lives = {pole.point: everybody.create_task(_live(pole, interval_s)) for pole in poles}
        for officer in officers:
            everybody.create_task(_serve(officer))
        if scenario is not None:
            await _everybody_there(poles, officers)
            door = Door(lambda: find_running(data), secrets.tokens["operator-2"])
            try:
                await Evening(door, {pole.point: pole for pole in poles}, lives, speed).play()
            except Refused as no:
                _say(f"เหตุการณ์สมมติหยุดกลางทาง: {no}", f"The evening stops half-way: {no}")


async def _officers(data: Path, secrets: Secrets, speed: float) -> list[Officer]:
    """One officer for each unit of which we have the token."""
    doors = {name: Door(lambda: find_running(data), token) for name, token in secrets.tokens.items()}
    asking = doors["operator"]
    try:
        units: list[dict[str, Any]] = (await asking.insist("GET", "/api/v1/units"))["items"]
        streets = Streets.of_map(await asking.insist("GET", "/api/v1/zone"))
    except Refused as no:
        _say(f"ไม่มีสายตรวจจำลอง: {no}", f"No simulated patrols: {no}")
        return []
    finally:
        asking.close()
    return [
        Officer(unit, doors[unit["call_sign"]], streets, speed)
        for unit in units
        if unit["call_sign"] in doors
    ]


async def _live(pole: Pole, interval_s: float) -> None:
    """The pole lives; one whose password was changed is told of and left alone, the others go on."""
    try:
        await pole.run(interval_s)
    except NotLetIn:
        _say(
            f"โบรกเกอร์ไม่ยอมรับรหัสของเสา {pole.point}",
            f"The broker does not take the password of {pole.point}.",
        )


async def _serve(officer: Officer) -> None:
    """The officer works; one whose token was withdrawn is told of and left alone."""
    try:
        await officer.run()
    except Refused as no:
        _say(f"สายตรวจ {officer.unit_id} เข้าเวรไม่ได้: {no}", f"{officer.unit_id} cannot sign in to duty: {no}")


def _say(th: str, en: str) -> None:
    print(f"safezone: {Said(th, en)}", file=sys.stderr, flush=True)


async def _everybody_there(poles: list[Pole], officers: list[Officer]) -> None:
    """The scene is set: every pole is connected, and the station knows where every unit is."""
    try:
        async with asyncio.timeout(30), asyncio.TaskGroup() as waits:
            for pole in poles:
                waits.create_task(pole.connected.wait())
            for officer in officers:
                waits.create_task(officer.placed.wait())
    except TimeoutError:
        return  # Somebody is missing; the evening begins all the same.
