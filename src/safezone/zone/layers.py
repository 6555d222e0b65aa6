"""The ground that is drawn under the zone without the internet: buildings, streets, water and green."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from safezone.core.durable import flush_folder, write_durably
from safezone.core.errors import NotFound
from safezone.core.i18n import Words
from safezone.zone.tiling import write_tiles

LayerName = Literal["green", "water", "buildings", "streets"]
LAYERS: Final[tuple[LayerName, ...]] = get_args(LayerName)
"""In the order in which they are drawn."""
COARSEST: Final[Mapping[LayerName, int]] = {"green": 9, "water": 9, "buildings": 13, "streets": 9}
"""The zoom from which on a layer has tiles: further away nobody sees anything of it."""
FORM: Final = 1
"""Of the tiles; another number, and every station makes them anew from what was imported."""
OSM: Final = "© OpenStreetMap contributors"


class Layer(msgspec.Struct, frozen=True):
    """One layer as it lies in the data folder; `version` changes with its content."""

    name: LayerName
    version: str
    features: int
    bytes: int
    source: str
    attribution: str


class Layers:
    """The layers of one data folder. They are drawings, not part of the record: they can be imported again.

    A layer is its content (`NAME-VERSION.geojson.gz`), the tiles made of it (`NAME-VERSION.FORM.pmtiles`) and, written
    last, what points to them (`NAME.json`). What was imported and waits for its tiles is pointed to by `NAME.next.json`:
    whoever looks next goes on with it, after a kill as well.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(
        self, name: LayerName, features: Iterable[dict[str, Any]], source: str, attribution: str
    ) -> Layer | None:
        """The layer is these GeoJSON features, whole or not at all; None, and none is there, when there are none."""
        listed = list(features)
        if not listed:
            with self._alone():
                (self._folder / f"{name}.next.json").unlink(missing_ok=True)
                (self._folder / f"{name}.json").unlink(missing_ok=True)
            return None
        (layer,) = self.stage({name: listed}, source, attribution)
        self.make_tiles()
        return layer

    def stage(
        self, found: Mapping[LayerName, Iterable[dict[str, Any]]], source: str, attribution: str
    ) -> list[Layer]:
        """These layers are on disk, all or none of them, and take the place of the old ones as soon as their tiles are made."""
        staged = []
        with self._alone():
            for name, features in found.items():
                listed = list(features)
                raw = json.dumps(
                    {"type": "FeatureCollection", "features": listed},
                    ensure_ascii=False,
                    separators=(",", ":"),
                )
                packed = gzip.compress(raw.encode(), 6, mtime=0)
                version = hashlib.sha256(packed).hexdigest()[:16]
                staged.append(Layer(name, version, len(listed), len(packed), source, attribution))
                # The content first, under a name of its own; what points to it last.
                write_durably(self._content(staged[-1]), packed)
            for layer in staged:
                write_durably(self._folder / f"{layer.name}.next.json", msgspec.json.encode(layer))
        return staged

    def waiting(self) -> list[Layer]:
        """What has no tiles yet: imported just now, or by an older release of the program."""
        staged = self._pointed(".next")
        return staged + [each for each in self.all() if each not in staged and not self.tiles(each).exists()]

    def make_tiles(self, tell: Callable[[LayerName, float], None] | None = None) -> None:
        """Every layer has its tiles and is drawn from now on; one process at a time."""
        with self._alone():
            waiting = self.waiting()
            for layer in waiting:
                if not self.tiles(layer).exists():
                    self._tile(layer, partial(tell, layer.name) if tell else None)
            for layer in waiting:
                self._take_its_place(layer)

    def all(self) -> list[Layer]:
        """The layers that are there, in the order in which they are drawn."""
        return self._pointed("")

    def find(self, name: str) -> Layer:
        """One layer; NotFound when it was never imported."""
        for layer in self.all():
            if layer.name == name:
                return layer
        raise _never_imported(name)

    def read(self, name: str) -> tuple[Layer, bytes]:
        """One layer, packed with gzip; NotFound when it was never imported."""
        layer = self.find(name)
        try:
            return layer, self._content(layer).read_bytes()
        except OSError as gone:
            raise _never_imported(name) from gone

    def tiles(self, layer: Layer) -> Path:
        """Where its tiles lie."""
        return self._folder / f"{layer.name}-{layer.version}.{FORM}.pmtiles"

    def _content(self, layer: Layer) -> Path:
        return self._folder / f"{layer.name}-{layer.version}.geojson.gz"

    def _pointed(self, which: str) -> list[Layer]:
        found = []
        for name in LAYERS:
            try:
                found.append(
                    msgspec.json.decode((self._folder / f"{name}{which}.json").read_bytes(), type=Layer)
                )
            except (OSError, msgspec.MsgspecError):
                continue
        return found

    def _take_its_place(self, layer: Layer) -> None:
        pointer = self._folder / f"{layer.name}.json"
        if self.tiles(layer).exists():
            write_durably(pointer, msgspec.json.encode(layer))
        else:
            pointer.unlink(missing_ok=True)  # none of it can be drawn
        (self._folder / f"{layer.name}.next.json").unlink(missing_ok=True)
        for old in self._folder.glob(f"{layer.name}-*"):
            if old not in (self._content(layer), self.tiles(layer)):
                old.unlink(missing_ok=True)

    def _tile(self, layer: Layer, tell: Callable[[float], None] | None) -> None:
        features: list[dict[str, Any]] = json.loads(gzip.decompress(self._content(layer).read_bytes()))[
            "features"
        ]
        path = self.tiles(layer)
        part = path.with_name(f"{path.name}.part")
        try:
            if write_tiles(part, layer.name, features, COARSEST[layer.name], tell):
                with part.open("rb") as file:
                    os.fsync(file.fileno())
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        flush_folder(self._folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes here: a command on this machine, or another process of the station."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "layers.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _never_imported(name: str) -> NotFound:
    return NotFound(
        "no_layer", Words(th=f"ยังไม่ได้นำเข้าชั้นข้อมูล “{name}”", en=f"The layer “{name}” was never imported.")
    )


def building(area: list[Any]) -> dict[str, Any]:
    """The feature of a building's outline."""
    return {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "MultiPolygon", "coordinates": rounded(area)},
    }


def rounded(coordinates: Any) -> Any:
    """Coordinates to a tenth of a metre: nobody sees more, and a file is half as large."""
    if isinstance(coordinates, float | int):
        return round(coordinates, 6)
    return [rounded(each) for each in coordinates]
