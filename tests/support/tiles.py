"""A small map of our own and a server for it on another port, as somebody else's would be: with CORS, and it can be away."""

from __future__ import annotations

import io
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from safezone.zone.layer_tiles import read_tile
from safezone.zone.tiling import write_tiles

WEST, SOUTH, EAST, NORTH = 104.68, 16.50, 104.78, 16.60
"""Around the demonstration's zone, and far beyond its screen."""
PICTURE = (255, 0, 200)
"""What a raster tile is filled with: no map of ours has it."""


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A feature that is this box."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def picture() -> bytes:
    """A tile as PNG."""
    out = io.BytesIO()
    Image.new("RGB", (256, 256), PICTURE).save(out, "PNG")
    return out.getvalue()


def write_map(path: Path) -> None:
    """A vector map in one file: nothing but water everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tiles(path, "water", [box(WEST, SOUTH, EAST, NORTH)], coarsest=8)


def write_pictures(path: Path) -> None:
    """A map of pictures in one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        writer: Any = Writer(out)  # type: ignore[no-untyped-call]
        for zoom in range(10, 16):
            x, y = _tile(zoom, WEST, NORTH)
            last_x, last_y = _tile(zoom, EAST, SOUTH)
            found = [(each, down) for each in range(x, last_x + 1) for down in range(y, last_y + 1)]
            for number in sorted(zxy_to_tileid(zoom, *each) for each in found):
                writer.write_tile(number, picture())
        header = {"tile_type": TileType.PNG, "tile_compression": Compression.NONE, "center_zoom": 12}
        edges = {"min_lon": WEST, "min_lat": SOUTH, "max_lon": EAST, "max_lat": NORTH}
        edges |= {"center_lon": (WEST + EAST) / 2, "center_lat": (SOUTH + NORTH) / 2}
        writer.finalize(header | {f"{edge}_e7": int(at * 1e7) for edge, at in edges.items()}, {})


def _tile(zoom: int, lon: float, lat: float) -> tuple[int, int]:
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**zoom), int(down * 2**zoom)


def write_town(path: Path) -> None:
    """A vector map as somebody else makes one: land everywhere, and a name to the west of the demonstration's zone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    at = {"type": "Point", "coordinates": [104.7225, 16.5400]}
    named = {"type": "Feature", "properties": {"name_th": "ตลาด"}, "geometry": at}
    write_tiles(path, "town", [box(WEST, SOUTH, EAST, NORTH), named], coarsest=8)


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        found = self.server.at(self.path)
        self.server.asked.append(self.path)
        self.send_response(200 if found else 404)
        self.send_header("Access-Control-Allow-Origin", "*")
        if found[:2] == b"\x1f\x8b":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """Somebody else's maps; `gone` answers nothing but 404.

    Raster tiles at `/tiles/{z}/{x}/{y}.png` and a style with them at `/style.json`; with `town` its vector tiles at
    `/town/{z}/{x}/{y}.mvt`, what is said of them at `/town.json` and a style with them at `/town-style.json`.
    """

    daemon_threads = True

    def __init__(self, town: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gone = False
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tiles_at = self.url
        """The server that the style names for its vector tiles."""
        self._picture = picture()
        self._town = town
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def at(self, path: str) -> bytes:
        """What is answered for this path."""
        if self.gone:
            return b""
        said = {"/style.json": self.style, "/town-style.json": self.town_style, "/town.json": self.town}
        if path in said:
            return json.dumps(said[path]()).encode()
        if path.startswith("/town/") and self._town is not None:
            z, x, y = (int(each) for each in path.removesuffix(".mvt").split("/")[2:])
            return read_tile(self._town, z, x, y) or b""
        return self._picture if path.startswith("/tiles/") else b""

    def lend(self, other: Server) -> None:
        """The vector tiles of another server are had here too."""
        self._town = other._town

    def style(self) -> dict[str, Any]:
        """A style as one is published, with a background and signs that we do not draw."""
        tiles = {"type": "raster", "tiles": [f"{self.url}/tiles/{{z}}/{{x}}/{{y}}.png"], "tileSize": 256}
        layers = [
            {"id": "paper", "type": "background", "paint": {"background-color": "#ffffff"}},
            {"id": "pictures", "type": "raster", "source": "pictures", "paint": {"raster-opacity": 0.9}},
        ]
        return {"version": 8, "sources": {"pictures": tiles}, "layers": layers}

    def town(self) -> dict[str, Any]:
        """TileJSON."""
        tiles = [f"{self.tiles_at}/town/{{z}}/{{x}}/{{y}}.mvt"]
        return {"tilejson": "3.0.0", "tiles": tiles, "minzoom": 8, "maxzoom": 14}

    def town_style(self) -> dict[str, Any]:
        """A style of vector tiles with letters, signs and a pattern of its own, which we do not ask for."""
        of = {"source": "town", "source-layer": "town"}
        name = {
            "text-field": ["get", "name_th"],
            "text-font": ["Noto Sans"],
            "text-size": 40,
            "icon-image": "shop",
            "text-allow-overlap": True,
        }
        paper = {"background-color": "#ffffff", "background-pattern": "paper"}
        land = {"fill-color": "rgb(255, 0, 200)", "fill-pattern": "grass"}
        return {
            "version": 8,
            "glyphs": f"{self.url}/glyphs/{{fontstack}}/{{range}}.pbf",
            "sprite": f"{self.url}/sprite",
            "sources": {"town": {"type": "vector", "url": f"{self.url}/town.json"}},
            "layers": [
                {"id": "paper", "type": "background", "paint": paper},
                {**of, "id": "land", "type": "fill", "filter": ["==", "$type", "Polygon"], "paint": land},
                {**of, "id": "name", "type": "symbol", "layout": name, "paint": {"text-color": "#00ff00"}},
            ],
        }

    def end(self) -> None:
        """It is away."""
        self.shutdown()
        self.server_close()
