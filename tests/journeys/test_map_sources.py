"""The map that a station has set is really drawn, each kind of it; and when it is away that is said and the rest stays."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from safezone.core.settings import Settings
from safezone.core.settings_outside import Map
from safezone.zone.layers import Layers
from tests.support import tiles
from tests.support.browser import NewPage
from tests.support.places import eventually
from tests.support.station import RunningStation

FILE = "ground/mukdahan.pmtiles"
AWAY = ["404", "Failed to load resource", "ERR_"]
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tiles.Server]:
    server = tiles.Server()
    yield server
    server.end()


@pytest.fixture
def opened(new_page: NewPage, tmp_path: Path) -> Iterator[Open]:
    """`opened(Map(…))`: the zone's room of a station with this map set."""
    stations: list[RunningStation] = []

    def open_one(said: Map, expected: list[str] | None = None, lang: str = "th") -> Page:
        Layers(tmp_path / "ground").put(
            "buildings", [tiles.box(104.715, 16.535, 104.735, 16.55)], "ทดสอบ", ""
        )
        station = RunningStation(tmp_path, Settings(map=said))
        stations.append(station)
        page: Page = new_page(width_px=1366, height_px=768, expected=expected)
        page.goto(f"{station.url}/enter#token={station.tokens['chief']}")
        page.wait_for_url(re.compile("/(office|console)"))
        page.evaluate(f"localStorage.setItem('safezone.lang', '{lang}')")
        page.goto(f"{station.url}/office/zone")
        return page

    yield open_one
    for station in stations:
        station.close()


def share_of(page: Page, like: Callable[[int, int, int], bool]) -> float:
    """Which share of the map's pixels has such a colour."""
    drawn = Image.open(io.BytesIO(page.get_by_test_id("zone-map").screenshot())).convert("RGB")
    counts = drawn.getcolors(drawn.width * drawn.height) or []
    return sum(n for n, (r, g, b) in counts if like(r, g, b)) / (drawn.width * drawn.height)  # type: ignore[misc]


def pink(r: int, g: int, b: int) -> bool:
    """The colour of the made tiles, quietened by our paint and by what lies over it."""
    return r > 2 * g + 20 and b > g + 20


def watery(r: int, g: int, b: int) -> bool:
    """Water as the zone's own style draws it, outside of the zone darkened."""
    return b > r + 12 and b > g + 8 and b < 70


def is_drawn(page: Page) -> None:
    expect(page.get_by_test_id("map-ground")).to_have_attribute("data-station", "drawn")


def test_a_map_in_one_file(opened: Open, tmp_path: Path) -> None:
    tiles.write_map(tmp_path / FILE)
    asked: list[str] = []
    page = opened(Map(pmtiles_file=FILE, attribution="© ผู้ทำแผนที่"))
    page.on("request", lambda request: asked.append(request.headers.get("range", "")))
    page.reload()
    is_drawn(page)
    expect(page.get_by_test_id("map-attribution")).to_contain_text("© ผู้ทำแผนที่")
    eventually(lambda: share_of(page, watery) > 0.3 or None, within_s=20)
    assert any(each.startswith("bytes=") for each in asked)


def test_pictures_in_one_file(opened: Open, tmp_path: Path) -> None:
    tiles.write_pictures(tmp_path / FILE)
    page = opened(Map(pmtiles_file=FILE))
    is_drawn(page)
    eventually(lambda: share_of(page, pink) > 0.2 or None, within_s=20)


@pytest.mark.parametrize("kind", ["tiles", "style"])
def test_a_map_from_another_server(opened: Open, elsewhere: tiles.Server, kind: str) -> None:
    elsewhere.gone = False
    said = (
        Map(tiles_url=f"{elsewhere.url}/tiles/{{z}}/{{x}}/{{y}}.png", attribution="© Elsewhere")
        if kind == "tiles"
        else Map(style_url=f"{elsewhere.url}/style.json", attribution="© Elsewhere")
    )
    page = opened(said)
    is_drawn(page)
    expect(page.get_by_test_id("map-attribution")).to_contain_text("© Elsewhere")
    eventually(lambda: share_of(page, pink) > 0.2 or None, within_s=20)
    assert any(path.startswith("/tiles/") for path in elsewhere.asked)


@pytest.mark.parametrize("kind", ["tiles", "style", "file"])
def test_a_map_that_is_away_is_said_and_the_built_in_one_stays(
    opened: Open, elsewhere: tiles.Server, kind: str
) -> None:
    elsewhere.gone = True
    said = {
        "tiles": Map(tiles_url=f"{elsewhere.url}/tiles/{{z}}/{{x}}/{{y}}.png", attribution="© Elsewhere"),
        "style": Map(style_url=f"{elsewhere.url}/style.json"),
        "file": Map(pmtiles_file=FILE),
    }[kind]
    page = opened(said, AWAY, lang="en" if kind == "style" else "th")
    expect(page.get_by_test_id("map-ground")).to_have_attribute("data-station", "dead")
    words = {"tiles": "ยังเปิดไม่ได้", "style": "cannot be reached", "file": "อ่านไฟล์แผนที่ของสถานีไม่ได้"}[kind]
    expect(page.get_by_test_id("map-dead")).to_contain_text(words)
    expect(page.get_by_test_id("map-ground")).not_to_contain_text("Elsewhere")
    # The building that was imported, as the built-in map draws it, and the zone over it.
    eventually(lambda: share_of(page, lambda r, g, b: 25 < r < 60 and r < g < b) > 0.1 or None, within_s=20)
    assert share_of(page, pink) == 0


def test_it_is_drawn_as_soon_as_it_is_back(opened: Open, elsewhere: tiles.Server) -> None:
    elsewhere.gone = True
    page = opened(Map(tiles_url=f"{elsewhere.url}/tiles/{{z}}/{{x}}/{{y}}.png"), AWAY)
    expect(page.get_by_test_id("map-dead")).to_be_visible()
    elsewhere.gone = False
    page.evaluate("window.dispatchEvent(new Event('online'))")
    is_drawn(page)
    expect(page.get_by_test_id("map-dead")).to_have_count(0)
