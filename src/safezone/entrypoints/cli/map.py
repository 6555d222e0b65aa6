"""`safezone map import`: the ground under the zone, from a file on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from safezone.core.errors import CannotStart, SafezoneError
from safezone.core.geo import Point
from safezone.core.settings import Settings
from safezone.entrypoints.cli.parsing import say
from safezone.entrypoints.house import DataFolder, House
from safezone.zone.layers import Layers, building
from safezone.zone.queries import boundary_of, list_stations
from safezone.zone.roads import import_layers, import_roads

if TYPE_CHECKING:
    Wire = Callable[[Settings], House]

_EXTRACTS: Final = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")
BANGKOK: Final = Point(100.5, 13.75)


def run_map(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone map import`: an OpenStreetMap extract (streets, buildings, water, green, road times), or buildings alone."""
    folder = DataFolder(args.data)
    try:
        folder.make()
        if str(args.extract).lower().endswith(_EXTRACTS):
            return _import_extract(args.extract, folder)
        return _import_buildings(args.extract, folder, args.crs)
    except CannotStart as problem:
        say(problem.words)
        return 78
    except SafezoneError as problem:
        say(getattr(problem, "words", problem))
        return 1


def _import_extract(extract: Path, folder: DataFolder) -> int:
    done = import_roads(extract, folder.roads_file)
    print(f"{extract.name}: {done}")
    drawn = import_layers(extract, Layers(folder.ground), _boundary(folder), _Progress())
    print(f"{extract.name}: {drawn} — © OpenStreetMap contributors")
    return 0


class _Progress:
    """Says every tenth of each layer's tiles."""

    def __init__(self) -> None:
        self._said: tuple[str, int] = ("", 0)

    def __call__(self, layer: str, share: float) -> None:
        now = (layer, int(share * 10) * 10)
        if now != self._said:
            self._said = now
            print(f"ทำแผ่นแผนที่ / making tiles: {layer} {now[1]} %", file=sys.stderr, flush=True)


def _boundary(folder: DataFolder) -> list[Any] | None:
    """The boundary of the station that lives in the folder; None where there is none yet: everything is drawn."""
    if not folder.database_file.exists():
        return None
    database = folder.open_database(Settings())
    try:
        with database.read() as conn:
            stations = list_stations(conn)
            return boundary_of(conn, stations[0]) if stations else None
    finally:
        database.close()


def _import_buildings(path: Path, folder: DataFolder, crs: str | None) -> int:
    from safezone.zone.imports.proposal import Answers, prepare  # noqa: PLC0415 - heavy, and seldom needed

    boundary = _boundary(folder)
    home = Point(*boundary[0][0][0]) if boundary else BANGKOK
    prepared = prepare(path, path.name, Answers(crs=crs, outside=True, all_as="building"), home)
    proposal = prepared.proposal
    if proposal.refused is not None:
        say(proposal.refused)
        return 1
    for question in proposal.questions:
        say(question.words)
        for choice in question.choices:
            print(f"  --crs {choice.value}   {choice.words}")
    if proposal.questions:
        return 1
    for problem in proposal.problems:
        say(problem)
    if not prepared.buildings:
        return 1
    layers = Layers(folder.ground)
    (layer,) = layers.stage({"buildings": map(building, prepared.buildings)}, path.name, "")
    layers.make_tiles(_Progress())
    print(
        f"{path.name}: {layer.features:,} อาคาร / buildings, {proposal.crs_name}, {layer.bytes / 1024:.0f} KiB"
    )
    return 0
