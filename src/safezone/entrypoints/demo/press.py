"""`safezone press`: somebody presses an SOS point of the demonstration and sees what its lamp would say."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from safezone.entrypoints.demo.pole import Counter, NotLetIn, Pole, Receipt
from safezone.entrypoints.demo.running import NoDemo, Said, find_running, read_secrets

if TYPE_CHECKING:
    import argparse

    from safezone.entrypoints.cli.parsing import Wire

CONNECT_WITHIN_S: Final = 3.0
RECEIPT_WITHIN_S: Final = 10.0


class _NotPressed(Exception):
    """What went wrong, for whoever typed the command."""


def run_press(args: argparse.Namespace, _wire: Wire) -> int:
    """Each press has its receipt (0), or one line says what is wrong (1)."""
    try:
        passwords = read_secrets(args.data).passwords
        if args.point not in passwords:
            known = ", ".join(sorted(passwords))
            raise _NotPressed(
                Said(
                    f"ไม่มีเสา {args.point} มีแต่ {known}",
                    f"There is no SOS point {args.point}; there are {known}.",
                )
            )
        asyncio.run(_press(args.data, args.point, passwords[args.point], args.times))
    except (NoDemo, _NotPressed) as problem:
        print(f"safezone: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _press(data: Path, point: str, password: str, times: int) -> None:
    pole = Pole(point, password, lambda: find_running(data), Counter(data, point))
    connection = asyncio.create_task(pole.run(interval_s=60))
    try:
        await _until_connected(pole, connection, data)
        for _ in range(times):
            print(_told(point, await _receipt_of(pole)), flush=True)
    finally:
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)


async def _until_connected(pole: Pole, connection: asyncio.Task[None], data: Path) -> None:
    connected = asyncio.create_task(pole.connected.wait())
    await asyncio.wait([connected, connection], timeout=CONNECT_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    connected.cancel()
    if connection.done() and isinstance(_cause_of(connection), NotLetIn):
        raise _NotPressed(
            Said(
                f"โบรกเกอร์ไม่ยอมรับรหัสของเสา {pole.point}: สถานีสาธิตใน {data} อาจไม่ได้ทำงานอยู่",
                f"The broker does not take the password of {pole.point}: the demonstration in {data} does not seem to run.",
            )
        )
    if not pole.connected.is_set():
        raise _NotPressed(
            Said(
                f"สถานีสาธิตใน {data} ไม่ได้ทำงานอยู่: เริ่มด้วย safezone demo",
                f"The demonstration in {data} is not running: start it with safezone demo.",
            )
        )


def _cause_of(task: asyncio.Task[None]) -> BaseException | None:
    """What ended a task, taken out of the groups it came in."""
    problem = task.exception()
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


async def _receipt_of(pole: Pole) -> Receipt:
    try:
        async with asyncio.timeout(RECEIPT_WITHIN_S):
            return await pole.press()
    except TimeoutError:
        raise _NotPressed(
            Said(
                f"ไม่ได้รับใบตอบรับภายใน {RECEIPT_WITHIN_S:.0f} วินาที: ยังไม่มีใครยืนยันว่าได้รับแจ้งจาก {pole.point}",
                f"No receipt within {RECEIPT_WITHIN_S:.0f} s: nobody has confirmed the press of {pole.point}.",
            )
        ) from None


def _told(point: str, receipt: Receipt) -> Said:
    ms = receipt.after_s * 1000
    return Said(
        f"{point}: ตำรวจได้รับแจ้งแล้ว เหตุ {receipt.incident_id} ใน {ms:.0f} มิลลิวินาที (ครั้งที่ {receipt.n})",
        f"police have it: incident {receipt.incident_id} after {ms:.0f} ms (press {receipt.n})",
    )
