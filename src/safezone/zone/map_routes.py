"""Map tiles over HTTP: a PMTiles file of the station's own, read a range at a time by whoever may see the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from safezone.core.desk import Desk
from safezone.core.errors import NotFound
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.zone.map_files import MapFile, NoSuchRange
from safezone.zone.queries import check_reader

MEDIA_TYPE: Final = "application/vnd.pmtiles"
STATION_MAP: Final = "station.pmtiles"
"""The name under which the file of `[map] pmtiles_file` is served, whatever it is called on disk."""


class MapFolder:
    """Where the station's map file lies; a name in the settings is one in the data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def find(self, name: str, pmtiles_file: str) -> MapFile:
        """The file behind an address; NotFound when none is set or it cannot be read."""
        if name != STATION_MAP or not pmtiles_file:
            words = Words(th="สถานีนี้ไม่มีไฟล์แผนที่ชื่อนี้", en="This station has no map file of this name.")
            raise NotFound("no_map_file", words)
        return MapFile.at(self._data / pmtiles_file)


@get(
    "/map/{name:str}",
    summary="Map tiles of the station",
    tags=["zone"],
    sync_to_thread=True,
    responses={
        200: ResponseSpec(
            bytes, generate_examples=False, media_type=MEDIA_TYPE, description="The whole file"
        ),
        206: ResponseSpec(bytes, generate_examples=False, media_type=MEDIA_TYPE, description="The range"),
    },
    response_headers=[
        ResponseHeader(name="ETag", description="Version of the file", documentation_only=True)
    ],
)
def get_map_file(
    name: FromPath[str],
    request: Request[Any, Any, Any],
    identity: NamedDependency[Identity],
    desk: NamedDependency[Desk],
    map_folder: NamedDependency[MapFolder],
) -> Response[Any]:
    """A PMTiles file, or the range of it that `Range` asks for; at most 16 MiB of a range at once."""
    check_reader(identity, identity.station)
    found = map_folder.find(name, desk.settings.map.pmtiles_file)
    headers = {"ETag": found.tag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    try:
        part = found.part(request.headers.get("range", ""), request.headers.get("if-range", ""))
    except NoSuchRange:
        headers["Content-Range"] = f"bytes */{found.size}"
        return Response(b"", status_code=416, headers=headers, media_type=MEDIA_TYPE)
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    headers["Content-Length"] = str(part.length)
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{found.size}"
    return Stream(
        found.read(part), status_code=200 if part.whole else 206, headers=headers, media_type=MEDIA_TYPE
    )
