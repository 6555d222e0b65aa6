"""Seconds between two pictures of a page while a map on it is drawn about with the mouse."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

PANS = 12
_FRAMES = """() => {
  window.frames_s = [];
  let last = performance.now();
  const next = (now) => { window.frames_s.push((now - last) / 1000); last = now; window.frame = requestAnimationFrame(next); };
  window.frame = requestAnimationFrame(next);
}"""


def pan(page: Page, testid: str) -> list[float]:
    """The map is drawn to and fro; from there on it is where it was before."""
    box: Any = page.get_by_test_id(testid).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(_FRAMES)
    for n in range(PANS):
        page.mouse.move(x, y)
        page.mouse.down()
        way = 1 if n % 2 else -1
        page.mouse.move(x + way * 260, y + way * 90, steps=25)
        page.mouse.up()
    frames: list[float] = page.evaluate("cancelAnimationFrame(window.frame) ?? window.frames_s")
    return frames[1:]
