"""The tiles of the layers: made in a process of their own, so that no press waits for them, and given out one by one.

    python -m safezone.zone.layer_tiles FOLDER

makes those that are missing in the folder and says on each line which layer it is at, and how far.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from safezone.core.limits import limit_memory
from safezone.zone.layers import LAYERS, LayerName, Layers

logger = logging.getLogger("safezone.zone.layers")
MOST_MEMORY: Final = 3 * 1024 * 1024 * 1024
PATIENCE_S: Final = 1200.0
AGAIN_AFTER_S: Final = 60.0
"""When it has failed: a disk may have room again."""


class Making(msgspec.Struct, frozen=True):
    """Layers that are not drawn yet because their tiles are being made: how far that is, and whether it was given up for now."""

    layers: list[LayerName]
    share: float = 0.0
    failed: bool = False


class Reach(NamedTuple):
    """From which zoom to which there are tiles, and where: west, south, east, north."""

    minzoom: int
    maxzoom: int
    bounds: tuple[float, float, float, float]


class TileMaker:
    """Sees to it that every layer of one data folder gets its tiles; one process at a time."""

    def __init__(self, folder: Path, layers: Layers) -> None:
        self._folder = folder
        self._layers = layers
        self._work: asyncio.Task[None] | None = None
        self._share: dict[str, float] = {}
        self._failed_s = -AGAIN_AFTER_S

    async def look(self) -> Making | None:
        """What is being made now; it is begun (again) where nobody is at it. None when every layer is drawn."""
        waiting = [layer.name for layer in await asyncio.to_thread(self._layers.waiting)]
        if not waiting:
            return None
        at_work = self._work is not None and not self._work.done()
        if not at_work and time.monotonic() - self._failed_s < AGAIN_AFTER_S:
            return Making(waiting, failed=True)
        if not at_work:
            self._work = asyncio.create_task(self._make())
        # Of a layer that is done there is nothing more to do; it is only pointed to at the end.
        return Making(waiting, sum(self._share.get(name, 0.0) for name in waiting) / len(waiting))

    async def stop(self) -> None:
        """Nothing is made any more; what is missing is made after the next start."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _make(self) -> None:
        self._share = {}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "safezone.zone.layer_tiles", str(self._folder),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE_S):
                problem, _ = await asyncio.gather(_all_of(child.stderr), self._follow(child.stdout))
                await child.wait()
        except TimeoutError:
            problem = b"it took too long"
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode:
            self._failed_s = time.monotonic()
            last = problem.decode(errors="replace").strip().rsplit("\n", 1)[-1]
            logger.warning("the tiles of the map's layers could not be made: %s", last)

    async def _follow(self, said: asyncio.StreamReader | None) -> None:
        while said is not None and (line := await said.readline()):
            name, _, share = line.decode().partition(" ")
            self._share[name] = float(share)


async def _all_of(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


def read_tile(path: Path, zoom: int, x: int, y: int) -> bytes | None:
    """One tile as it lies in the file, packed with gzip; None where there is nothing."""
    with path.open("rb") as file:
        found: bytes | None = _reader(file).get(zoom, x, y)
    return found


def reach_of(path: Path) -> Reach:
    """What the file says of itself."""
    with path.open("rb") as file:
        said = _reader(file).header()
    west, south, east, north = (
        said[f"{edge}_e7"] / 1e7 for edge in ("min_lon", "min_lat", "max_lon", "max_lat")
    )
    return Reach(said["min_zoom"], said["max_zoom"], (west, south, east, north))


def _reader(file: Any) -> Any:
    from pmtiles.reader import Reader  # noqa: PLC0415 - not before there is a map

    def part(offset: int, length: int) -> bytes:
        file.seek(offset)
        read: bytes = file.read(length)
        return read

    return Reader(part)  # type: ignore[no-untyped-call]


def main(folder: Path) -> int:
    """Every layer in the folder has its tiles."""
    limit_memory(MOST_MEMORY)
    os.nice(10)
    said = dict.fromkeys(LAYERS, -1.0)

    def tell(name: LayerName, share: float) -> None:
        if share - said[name] >= 0.02 or share == 1:
            said[name] = share
            sys.stdout.write(f"{name} {share}\n")
            sys.stdout.flush()

    Layers(folder).make_tiles(tell)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
