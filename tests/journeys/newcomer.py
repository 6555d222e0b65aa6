"""Somebody who sets a station up for the first time: does everything by hand, and what the hand does is counted."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


class Effort:
    """What hands did, on whoever's machine: the figures of the recipe are these."""

    def __init__(self) -> None:
        self.clicks = self.fields = self.keys = self.pages = 0

    def minutes(self) -> float:
        """By the keystroke-level model (Card, Moran and Newell 1980), for a person who knows what to do and errs never.

        A key 0.28 s (an average typist), a press with the pointer 1.1 + 0.2 s, a thought before each press and each field
        1.35 s, the hand to the keys and back 0.8 s for each field.
        """
        presses = self.clicks + self.fields
        seconds = presses * (1.35 + 1.1 + 0.2) + self.fields * 0.8 + self.keys * 0.28
        return seconds / 60


class Newcomer:
    """One person at one browser."""

    def __init__(self, page: Page, effort: Effort) -> None:
        self.page, self._effort = page, effort

    def get(self, testid: str) -> Locator:
        """The part of the screen with this name."""
        return self.page.get_by_test_id(testid)

    def open(self, address: str) -> None:
        """A link that was printed or sent, pasted or pressed."""
        self._effort.pages += 1
        self._effort.clicks += 1
        self.page.goto(address)

    def press(self, what: str | Locator) -> None:
        """With the mouse or a finger."""
        self._effort.clicks += 1
        (self.get(what) if isinstance(what, str) else what).click()

    def type(self, what: str, text: str) -> None:
        """Into a field, letter by letter."""
        self._effort.fields += 1
        self._effort.keys += len(text)
        field = self.get(what)
        field.click()
        field.press_sequentially(text)

    def paste(self, what: str, text: str) -> None:
        """Into a field, what was copied elsewhere: two presses of two keys."""
        self._effort.fields += 1
        self._effort.keys += 4
        self.get(what).fill(text)

    def press_map(self, *shares: tuple[float, float]) -> None:
        """On the map, at these shares of its width and height."""
        box = self.get("zone-map").bounding_box()
        assert box is not None
        for x, y in shares:
            self._effort.clicks += 1
            self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
