"""How soon a part of the screen appears, as the page itself measures it: less what a busy machine has kept it from doing."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

PROMISE_MS: Final = 15_000
"""A screen that is cut off, or a station that cannot hear or store, is said to be so within this time."""
_NOTE = """
(testid) => {
  const turn = 100, began = performance.now();
  const noted = window.promise = { heldUp: 0 };
  let last = began;
  setInterval(() => {
    const now = performance.now();
    noted.heldUp += Math.max(0, now - last - 2 * turn);
    last = now;
  }, turn);
  const look = () => {
    if (!document.querySelector(`[data-testid=${testid}]`)) return;
    noted.tookMs ??= performance.now() - began - noted.heldUp;
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}
"""
"""A clock that should strike every 100 ms and strikes later was kept from the processor for so long."""


def note_when_it_appears(page: Page, testid: str) -> None:
    """From now on it is measured."""
    page.evaluate(_NOTE, testid)


def assert_in_time(page: Page) -> None:
    """What was waited for has appeared within the promised time."""
    took_ms = page.evaluate("window.promise.tookMs")
    assert took_ms < PROMISE_MS, took_ms
