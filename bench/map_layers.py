"""A town's buildings under the zone, in a real Chromium: what is sent for them, when they are drawn, how the map moves.

A station of its own with a zone of one square kilometre has a made-up town of 6 by 6 km under it, imported as the
municipality's buildings would be. Then the command centre and the zone's room are opened, each time in a browser that was
never here; bytes are those of the bodies as sent. Drawn is when as much of the map is built on as in the end (95 %), looked
at by its pixels ten times a second. Then the map is drawn about with the mouse, as it opens and from further away. All of it
twice in one run: as the tiles that are sent now, and as the one GeoJSON that was sent before.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from typing import Any, Final

from playwright.sync_api import Browser, Page, Request, ViewportSize, sync_playwright

from bench.figures import counted, machine, spread_ms
from bench.frames import pan
from bench.running import Running, for_a_while
from bench.station import LAT, LON
from safezone.zone.layers import Layers, building
from tests.support.browser import FLAGS, find_or_install_chromium

WIDE_DEG: Final = 0.055
"""Some 6 km."""
MIDDLE: Final = (LON + 0.0053, LAT + 0.0053)
ROOMS: Final = {"the console": ("/console", "map"), "the zone's room": ("/office/zone", "zone-map")}
FURTHER: Final = 2
"""Steps of zoom."""
PATIENCE_S: Final = 60.0

_LOOK: Final = """() => {
  const get = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, said) {
    return get.call(this, kind, kind.startsWith('webgl') ? { ...said, preserveDrawingBuffer: true } : said);
  };
  window.built = [];
  const small = new OffscreenCanvas(160, 120).getContext('2d', { willReadFrequently: true });
  setInterval(() => {
    const map = document.querySelector('canvas.maplibregl-canvas');
    if (!map) return;
    small.drawImage(map, 0, 0, 160, 120);
    const { data } = small.getImageData(0, 0, 160, 120);
    let count = 0;
    for (let n = 0; n < data.length; n += 4)
      if (data[n] < data[n + 1] && data[n + 1] < data[n + 2] && data[n + 2] > 31 && data[n + 2] < 90) count += 1;
    window.built.push([performance.now() / 1000, count]);
  }, 100);
}"""


def main(words: list[str] | None = None) -> None:
    """As it is called."""
    asked = counted("map_layers", __doc__, "of a town, in buildings", times=3).parse_args(words)
    chromium = find_or_install_chromium()
    print(f"\n{asked.count} buildings; {machine()}")
    with for_a_while() as station, sync_playwright() as playwright:
        began = time.perf_counter()
        layer = Layers(station.data / "ground").put("buildings", town(asked.count), "made up", "")
        took = time.perf_counter() - began
        assert layer is not None
        print(f"  imported in {took:.1f} s, {layer.bytes / 1024:,.0f} KiB as packed GeoJSON")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for room in ROOMS:
            for whole in (False, True):
                _measure(browser, station, asked.times, room, whole=whole)
        browser.close()
    print(f"  {machine()}")


def town(count: int) -> Iterator[dict[str, Any]]:
    """Buildings as they stand in a Thai town: closer in its middle, turned, four to eight corners."""
    chance = random.Random(2569)
    for _ in range(count):
        lon, lat = (
            min(max(chance.gauss(middle, WIDE_DEG / 4), middle - WIDE_DEG / 2), middle + WIDE_DEG / 2)
            for middle in MIDDLE
        )
        wide, deep = chance.uniform(0.00004, 0.00016), chance.uniform(0.00004, 0.00012)
        turn, corners = chance.uniform(0, math.pi), chance.choice((4, 4, 4, 6, 8))
        ring = []
        for corner in range(corners):
            angle = turn + 2 * math.pi * corner / corners
            ring.append((lon + wide / 2 * math.cos(angle), lat + deep / 2 * math.sin(angle)))
        yield building([[[*ring, ring[0]]]])


def _measure(browser: Browser, station: Running, times: int, room: str, *, whole: bool) -> None:
    """One page, opened so many times by a browser that was never here, and then drawn about."""
    path, testid = ROOMS[room]
    opened = [_open(browser, station, room, whole=whole) for _ in range(times)]
    print(
        f"  {room}, {'whole, as GeoJSON' if whole else 'as tiles'}: "
        f"{opened[0][0] / 1024:,.0f} KiB in {opened[0][1]} answers, drawn {spread_ms([t for *_, t in opened])}"
    )
    page = _page(browser, station, whole=whole)
    page.goto(station.url + path)
    page.get_by_test_id(testid).wait_for()
    quiet = page.get_by_test_id("sound-decline")
    if path == "/console":
        quiet.click()  # the question about sound lies over the map
    page.wait_for_timeout(4_000)
    print(f"    drawn about as it opens: {spread_ms(pan(page, testid))}")
    box: Any = page.get_by_test_id(testid).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(FURTHER * 2):
        page.mouse.wheel(0, 225)
        page.wait_for_timeout(600)
    page.wait_for_timeout(2_000)
    print(f"    from further away:       {spread_ms(pan(page, testid))}", flush=True)
    page.context.close()


def _page(browser: Browser, station: Running, *, whole: bool) -> Page:
    """Signed in, in a browser without a memory."""
    context = browser.new_context(viewport=ViewportSize(width=1366, height=768), bypass_csp=True)
    page = context.new_page()
    page.goto(f"{station.url}/enter#token={station.token}")
    page.wait_for_url("**/console")
    page.goto("about:blank")
    if whole:
        _draw_whole(page, station.url)
    return page


def _draw_whole(page: Page, url: str) -> None:
    """The page is told of no tiles, but of a style that draws the same buildings out of one GeoJSON, as it was before."""
    drawn = {"source": "buildings", "type": "fill", "minzoom": 13, "id": "fill"}
    style = {
        "version": 8,
        "sources": {"buildings": {"type": "geojson", "data": f"{url}/api/v1/zone/layers/buildings"}},
        "layers": [{**drawn, "paint": {"fill-color": "#1d2a37", "fill-outline-color": "#2f4154"}}],
    }
    source = {"pmtiles_url": "", "tiles_url": "", "style_url": f"{url}/as-before.json", "attribution": ""}
    page.route(
        "**/api/v1/zone/layers", lambda at: at.fulfill(json={"items": [], "source": source, "making": None})
    )
    page.route("**/as-before.json", lambda at: at.fulfill(json=style))


def _open(browser: Browser, station: Running, room: str, *, whole: bool) -> tuple[int, int, float]:
    """How many bytes in how many answers were sent for the ground, and after how many seconds it was drawn."""
    path, testid = ROOMS[room]
    page = _page(browser, station, whole=whole)
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    page.add_init_script(f"({_LOOK})()")
    page.goto(station.url + path)
    page.get_by_test_id(testid).wait_for()
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        page.wait_for_timeout(1_000)
        seen: list[tuple[float, int]] = page.evaluate("window.built")
        if len(seen) > 40 and seen[-1][1] > 0 and len({count for _, count in seen[-30:]}) == 1:
            break
    ground = [each for each in asked if "/zone/layers/" in each.url or "/map/" in each.url]
    sent = sum(each.sizes()["responseBodySize"] for each in ground)
    drawn = next(at for at, count in seen if count >= 0.95 * seen[-1][1])
    page.context.close()
    return sent, len(ground), drawn


if __name__ == "__main__":
    main()
