"""A hand on the map on which the zone is drawn: where a place of the ground lies on the screen."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.browser import NewPage
from tests.support.station import RunningStation

PADDING = 40
"""The room around the boundary when the map is opened."""
Spot = tuple[float, float]


def enter(new_page: NewPage, station: RunningStation, who: str, **more: Any) -> Page:
    """The room of the zone, open, as this person."""
    page: Page = new_page(**{"width_px": 1366, "height_px": 768, **more})
    page.goto(f"{station.url}/enter#token={station.tokens[who]}")
    page.wait_for_url(re.compile("/(office|console)"))
    page.goto(f"{station.url}/office/zone")
    expect(page.get_by_test_id("ground-figures")).to_be_visible()
    page.locator("[data-testid=zone-map][data-shown=true]").wait_for(state="attached")
    return page


def press_corners(page: Page, *shares: Spot) -> None:
    """Press on the map at these shares of its width and height."""
    box = page.get_by_test_id("zone-map").bounding_box()
    assert box is not None
    for x, y in shares:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


class Hand:
    """Knows where places lie on the screen, as long as nobody moves the map."""

    def __init__(self, page: Page, boundary: Any) -> None:
        self.page = page
        box = page.get_by_test_id("zone-map").bounding_box()
        assert box is not None
        corners = [_mercator(p) for p in _positions(boundary)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        wide, high = max(xs) - min(xs), max(ys) - min(ys)
        self._scale = min((box["width"] - 2 * PADDING) / wide, (box["height"] - 2 * PADDING) / high)
        self._middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
        self._at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def spot(self, lon: float, lat: float, right: float = 0, down: float = 0) -> Spot:
        """Where a place lies, and so many pixels beside it."""
        x, y = _mercator((lon, lat))
        return (
            self._at[0] + (x - self._middle[0]) * self._scale + right,
            self._at[1] + (y - self._middle[1]) * self._scale + down,
        )

    def press(self, lon: float, lat: float, right: float = 0, down: float = 0) -> None:
        """Press there."""
        self.page.mouse.click(*self.spot(lon, lat, right, down))

    def drag(self, begin: Spot, right: float, down: float) -> None:
        """Take what is there and put it so many pixels away."""
        x, y = self.spot(*begin)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right / 2, y + down / 2)
        self.page.mouse.move(x + right, y + down)
        self.page.mouse.up()


def _positions(coordinates: Any) -> Iterator[Spot]:
    if isinstance(coordinates[0], float | int):
        yield coordinates[0], coordinates[1]
        return
    for each in coordinates:
        yield from _positions(each)


def _mercator(position: Spot) -> Spot:
    lat = math.radians(position[1])
    return math.radians(position[0]), -math.asinh(math.tan(lat))
