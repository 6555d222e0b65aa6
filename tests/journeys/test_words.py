"""Thai and English: every word of every part of the screen changes, and the label of made-up data never goes away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import expect

from tests.journeys.conftest import OpenConsole, PressPole
from tests.journeys.console import Console
from tests.journeys.patrol import Patrol
from tests.support.running import Station

SEEN = """
() => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.replace(/\\s+/g, " ").trim();
    const said = node.parentElement.closest("[data-testid=announcer]"); // spoken once, in the language of that moment
    if (text && !said && node.parentElement.checkVisibility()) found.add(text);
  }
  for (const each of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"])
      if (each.getAttribute(name)) found.add(each.getAttribute(name));
  return [...found];
}
"""
"""Every text on the screen, and what a screen reader, a resting pointer or an empty field says."""

THAI = re.compile(r"[\u0e01-\u0e5b]+")
LATIN = re.compile(r"[A-Za-z]{2,}")
KEY = re.compile(r"\b[a-z]+(?:\.[a-z_]+)+\b|\{\w+\}|\bundefined\b|\bnull\b|\bNaN\b")
"""A key of the dictionary, or a place in it, that was never turned into words."""

THAI_IN_ENGLISH = {"มุกดา", "ไทย"}
"""Call signs are names; and the button that leads back to Thai is written in Thai."""
LATIN_IN_THAI = {
    "SOS",
    "CCOC",
    "LINE",
    "English",
    "Enter",
    "Esc",
    "Tab",
    "JPEG",
    "PNG",
    "WebP",
    "MB",
    "MapLibre",
}
LATIN_IN_THAI |= {"operator", "supervisor", "system"}
"""Names, keys of the keyboard, and who did it (names of accounts)."""
CODE = re.compile(r"\b(?:[A-Z]{2,4}-\d+|[a-z]+-\d+|[A-Z0-9]{10}|enter#token|http)\b")
"""Codes of equipment, tracking codes."""


def list_untranslated(console: Console, language: str) -> list[str]:
    """Texts that are not in this language, or no language at all."""
    foreign, allowed = (THAI, THAI_IN_ENGLISH) if language == "en" else (LATIN, LATIN_IN_THAI)
    wrong = []
    for text in console.page.evaluate(SEEN):
        words = set(foreign.findall(CODE.sub("", text))) - allowed
        if words or KEY.search(CODE.sub("", text)):
            wrong.append(text)
    return wrong


def parts(console: Console, incident: str) -> Iterator[str]:
    """One part of the screen after the other, opened; yields its name."""
    yield "the desk"
    for key, testid in (("?", "help"), ("h", "handover"), ("f", "phone-form")):
        console.press(key)
        expect(console.get(testid)).to_be_visible()
        yield testid
        console.press("Escape")
        expect(console.get(testid)).to_have_count(0)
    console.get("assets-open").click()
    expect(console.get("assets")).to_be_visible()
    yield "assets"
    console.press("Escape")
    console.get("map-legend").click()
    expect(console.get("map-legend-panel")).to_be_visible()
    yield "the legend"
    console.get("map-legend").click()
    console.choose(incident)
    expect(console.get("timeline-event").first).to_be_visible()
    expect(console.get("unit-choice").first).to_be_visible()
    yield "the incident"
    console.get("not-listed").locator("summary").click()
    yield "units that are not listed"
    console.press("c")
    expect(console.get("close-form")).to_be_visible()
    yield "the outcomes"
    console.press("Escape")
    console.get("priority-button").click()
    expect(console.get("priority-form")).to_be_visible()
    yield "the priority"
    console.press("Escape")
    console.get("queue-tab-closed").click()
    yield "the history"
    console.get("queue-tab-open").click()


def check(console: Console, incident: str, language: str) -> None:
    """Every part is in this language, and says that its data is made up; AssertionError with the texts that are not."""
    wrong = []
    for part in parts(console, incident):
        expect(console.get("synthetic-label")).to_have_text(
            "ข้อมูลสาธิต" if language == "th" else "Demonstration data"
        )
        wrong += [f"{part}: {each}" for each in list_untranslated(console, language)]
    assert not wrong, "\n".join(wrong)


def test_every_word_changes_with_the_language(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    Patrol(station, "มุกดา 21", "moto-1").sign_on(104.7290, 16.5440)
    Patrol(station, "มุกดา 11", "car-1").sign_on(104.7290, 16.5430)
    station.ask("POST", "/handover", {"text": "—"})  # What people have written stays in their language.
    console = open_console()
    expect(console.get("notice-band")).to_have_count(0)  # Right after the start not everything is well yet.
    console.turn_sound_on()
    incident, other = press_pole("sos-03"), press_pole("sos-01")
    expect(console.card(other)).to_contain_text("อาจซ้ำ")
    check(console, incident, "th")
    expect(console.page.locator("html")).to_have_attribute("lang", "th")
    console.page.get_by_test_id("lang-switch").click()
    expect(console.get("queue")).to_contain_text("Incident queue")
    expect(console.page.locator("html")).to_have_attribute("lang", "en")
    check(console, incident, "en")

    # The choice is remembered on this computer.
    console.page.reload()
    expect(console.get("queue")).to_contain_text("Incident queue")
    console.turn_sound_on()
    console.press("l")
    expect(console.get("queue")).to_contain_text("คิวเหตุ")


def test_years_are_buddhist_and_english_says_so(open_console: OpenConsole) -> None:
    console = open_console(width_px=1920)
    console.turn_sound_on()
    year: int = console.page.evaluate("new Date().getFullYear()") + 543
    expect(console.get("clock")).to_contain_text(str(year))
    console.press("l")
    expect(console.get("clock")).to_contain_text(f"{year} BE")
