"""The equipment's room in a real Chromium: how long from what somebody does until the answer is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, ViewportSize, sync_playwright

from bench.frames import pan
from tests.support.browser import FLAGS, find_or_install_chromium

SEARCHES = ("ตลาด", "เสาไฟ", "โดรน", "ซอย 77", "เทศบาล", "drone 12")

_UNTIL = """async ([testid, attribute, act]) => {
  const seen = () => document.querySelector(`[data-testid=${testid}]`)?.getAttribute(attribute);
  const before = seen(), began = performance.now();
  Function(act)();
  while (seen() === before) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return (performance.now() - began) / 1000;
}"""


class Seen(NamedTuple):
    """Seconds, by what was done."""

    opened: list[float]
    searched: list[float]
    filtered: list[float]
    listed: list[float]
    frames: list[float]
    console: list[float]
    drawn: int


def look(url: str, token: str, times: int, count: int) -> Seen:
    """Do everything so many times in one browser, with so much equipment on its map."""
    path: Path = find_or_install_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        # The page forbids code made of text, which is what waits for it here.
        context = browser.new_context(viewport=ViewportSize(width=1366, height=768), bypass_csp=True)
        page = context.new_page()
        page.goto(f"{url}/enter#token={token}")
        page.get_by_test_id("queue").wait_for(timeout=60_000)
        opened, console = [], []
        for _ in range(max(2, times // 4)):
            page.goto(f"{url}/console")
            page.get_by_test_id("queue").wait_for(timeout=60_000)
            console.append(float(page.evaluate("performance.now() / 1000")))
            page.goto(f"{url}/office/assets")
            page.get_by_test_id("estate-asset").first.wait_for(timeout=60_000)
            page.get_by_test_id("estate-search").wait_for()
            began = page.evaluate("performance.now()")
            page.locator("[data-testid=estate-tab][data-tab=map]").click()
            page.wait_for_function(_DRAWN, timeout=60_000, polling="raf")
            opened.append((page.evaluate("performance.now()") - began) / 1000)
        drawn = _see_everything(page, count)
        on_map = ("estate-map", "data-answers")
        searched = [_until(page, *on_map, _type(_search(n))) for n in range(times)]
        _until(page, *on_map, _type(""))
        kinds = ("drone", "", "camera_site", "")
        filtered = [_until(page, *on_map, _choose(kinds[n % 4])) for n in range(times - times % 4)]
        frames = pan(page, "estate-map")
        page.locator("[data-testid=estate-tab][data-tab=list]").click()
        page.get_by_test_id("estate-asset").first.wait_for()
        listed = [_until(page, "estate-list", "data-answers", _type(_search(n))) for n in range(times)]
        browser.close()
    return Seen(opened, searched, filtered, listed, frames, console, drawn)


_DRAWN = "Number(document.querySelector('[data-testid=estate-map]')?.dataset.answers ?? 0) > 0"


def _see_everything(page: Page, count: int) -> int:
    """Turn the wheel until all of it is in sight; how much is drawn then."""
    shown, drawn = page.get_by_test_id("estate-map"), 0
    box: Any = shown.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(60):
        drawn = int(shown.get_attribute("data-drawn") or 0)
        if drawn >= count:
            break
        page.mouse.wheel(0, 240)
        page.wait_for_timeout(400)
    return drawn


def _until(page: Page, testid: str, attribute: str, act: str) -> float:
    return float(page.evaluate(_UNTIL, [testid, attribute, act]))


def _search(number: int) -> str:
    return SEARCHES[number % len(SEARCHES)]


def _type(text: str) -> str:
    """All of a word at once, which is the most that a key press can change."""
    return (
        "const box = document.querySelector('[data-testid=estate-search]');"
        f"box.value = {text!r}; box.dispatchEvent(new Event('input', {{ bubbles: true }}));"
    )


def _choose(kind: str) -> str:
    return (
        "const box = document.querySelector('[data-testid=estate-kind]');"
        f"box.value = {kind!r}; box.dispatchEvent(new Event('change', {{ bubbles: true }}));"
    )
