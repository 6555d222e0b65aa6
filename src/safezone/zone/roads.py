"""How long a car, a motorcycle or an officer on foot needs to get somewhere by road, without the internet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from safezone.core.errors import SafezoneError
from safezone.core.i18n import Words

if TYPE_CHECKING:
    from safezone.events.zone import Area
    from safezone.zone.layers import Layers
    from safezone.zone.layers_import import Drawn, Tell
    from safezone.zone.road_graph import RoadGraph

Profile = Literal["car", "motorcycle", "foot"]
PROFILES: Final[tuple[Profile, ...]] = ("car", "motorcycle", "foot")

FILE_NAME: Final = "roads.npz"
"""What `import_roads` leaves in the data directory."""
FILE_VERSION: Final = 1
ATTRIBUTION: Final = "© OpenStreetMap contributors, ODbL 1.0"


class RoadsUnavailable(SafezoneError):
    """There are no road times; `words` say what to install or import. Recommendations use the straight line."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words


class Imported(NamedTuple):
    """What came out of an import."""

    path: Path
    ways: int
    junctions: int
    pieces: int
    length_km: float


def load_roads(path: Path) -> RoadGraph:
    """The road graph in a file made by `import_roads`, ready to be asked (about 40 MB, most of it the libraries).

    RoadsUnavailable when the extra is not installed, or the file is missing, damaged or of another version.
    """
    try:
        # Here and not at the top: the program runs without numpy and scipy, and a station without a road map
        # does not pay for them.
        from safezone.zone.road_graph import RoadGraph  # noqa: PLC0415
    except ImportError as missing:
        raise _extra_missing(missing) from missing
    return RoadGraph.load(path)


def import_roads(extract: Path, into: Path) -> Imported:
    """The streets of an .osm, .osm.gz, .osm.bz2 or .osm.pbf extract stand in `into`, which replaces the old file.

    RoadsUnavailable when the extra is not installed, the extract cannot be read or it holds no street; the file
    that was there before then stays as it was.
    """
    try:
        from safezone.zone.roads_import import write_roads  # noqa: PLC0415 (see load_roads)
    except ImportError as missing:
        raise _extra_missing(missing) from missing
    return write_roads(extract, into)


def import_layers(extract: Path, layers: Layers, boundary: Area | None, tell: Tell | None = None) -> Drawn:
    """What is drawn under the zone stands in `layers`: of all the extract, or of 3 km around the boundary.

    RoadsUnavailable when the extra is not installed or the extract cannot be read.
    """
    try:
        from safezone.zone.layers_import import box_around, write_layers  # noqa: PLC0415 (see load_roads)
    except ImportError as missing:
        raise _extra_missing(missing) from missing
    box = None if boundary is None else box_around([polygon[0] for polygon in boundary])
    return write_layers(extract, layers, box, tell)


def _extra_missing(missing: ImportError) -> RoadsUnavailable:
    return RoadsUnavailable(
        Words(
            th=f"ยังไม่ได้ติดตั้งส่วนเสริมแผนที่ถนน (ขาด {missing.name}): ติดตั้งด้วย pip install 'safezone[roads]'",
            en=f"The road map extra is not installed ({missing.name} is missing): pip install 'safezone[roads]'.",
        )
    )
