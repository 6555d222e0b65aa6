"""The ground that is drawn under the zone without the internet: buildings, streets, water and green, one file each."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from safezone.core.durable import write_durably
from safezone.core.errors import NotFound
from safezone.core.i18n import Words

LayerName = Literal["green", "water", "buildings", "streets"]
LAYERS: Final[tuple[LayerName, ...]] = get_args(LayerName)
"""In the order in which they are drawn."""
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
    """The layers of one data folder. They are drawings, not part of the record: they can be imported again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(
        self, name: LayerName, features: Iterable[dict[str, Any]], source: str, attribution: str
    ) -> Layer | None:
        """The layer is these GeoJSON features, whole or not at all; None, and none is there, when there are none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        listed = list(features)
        if not listed:
            (self._folder / f"{name}.json").unlink(missing_ok=True)
            return None
        raw = json.dumps(
            {"type": "FeatureCollection", "features": listed}, ensure_ascii=False, separators=(",", ":")
        )
        packed = gzip.compress(raw.encode(), 6, mtime=0)
        version = hashlib.sha256(packed).hexdigest()[:16]
        layer = Layer(name, version, len(listed), len(packed), source, attribution)
        # The content first, under a name of its own; what points to it last.
        write_durably(self._folder / f"{name}-{version}.geojson.gz", packed)
        write_durably(self._folder / f"{name}.json", msgspec.json.encode(layer))
        for old in self._folder.glob(f"{name}-*.geojson.gz"):
            if old.name != f"{name}-{version}.geojson.gz":
                old.unlink(missing_ok=True)
        return layer

    def all(self) -> list[Layer]:
        """The layers that are there, in the order in which they are drawn."""
        found = []
        for name in LAYERS:
            try:
                found.append(msgspec.json.decode((self._folder / f"{name}.json").read_bytes(), type=Layer))
            except (OSError, msgspec.MsgspecError):
                continue
        return found

    def read(self, name: str) -> tuple[Layer, bytes]:
        """One layer, packed with gzip; NotFound when it was never imported."""
        for layer in self.all():
            if layer.name == name:
                try:
                    return layer, (self._folder / f"{name}-{layer.version}.geojson.gz").read_bytes()
                except OSError:
                    break
        raise NotFound(
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
