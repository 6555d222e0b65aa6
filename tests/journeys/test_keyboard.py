"""An operator without a mouse: everything can be reached, what has the focus can be seen, and a call is written down."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenConsole, PressPole
from tests.support.running import Station

FOCUS = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const rings = [at, at.closest("label")].filter(Boolean).map((each) => getComputedStyle(each));
  const ring = rings.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  return {
    what: at.dataset.testid || at.getAttribute("aria-label") || at.innerText || at.tagName,
    named: Boolean(at.getAttribute("aria-label") || at.innerText.trim() || at.title || at.labels?.length),
    ring, seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}
"""
"""The element that has the focus: what it is, whether it has a name, a visible ring, and is on the screen at all."""


def walk(page: Page, steps: int) -> list[dict[str, Any]]:
    """What Tab reaches, one after the other."""
    reached = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        if found := page.evaluate(FOCUS):
            reached.append(found)
    return reached


def test_whatever_has_the_focus_can_be_seen_and_has_a_name(
    press_pole: PressPole, open_console: OpenConsole
) -> None:
    console = open_console()
    console.turn_sound_on()
    expect(console.card(press_pole("sos-03"))).to_be_visible()
    console.press("j", "Enter")
    expect(console.get("incident-head")).to_be_visible()
    expect(console.get("timeline")).to_be_visible()
    reached = walk(console.page, 48)
    assert [each["what"] for each in reached if not each["ring"]] == []
    assert [each["what"] for each in reached if not each["named"]] == []
    assert [each["what"] for each in reached if not each["seen"]] == []
    names = {each["what"] for each in reached}
    assert {"phone-open", "lang-switch", "queue-item", "ack-button", "close-button", "note-input"} <= names


def test_a_call_is_written_down_without_a_mouse(station: Station, open_console: OpenConsole) -> None:
    console = open_console()
    console.turn_sound_on()
    console.press("f", "Space", "ArrowDown", "ArrowDown", "Tab")
    expect(console.get("phone-kind-assault").locator("input")).to_be_checked()
    expect(console.get("phone-text")).to_be_focused()
    console.type("ทะเลาะกันหน้าร้านทอง มีคนเจ็บ")
    console.press("Tab")
    expect(console.get("phone-place-text")).to_be_focused()
    console.type("ซอยข้างตลาด")
    console.press("Tab")
    expect(console.get("phone-sos")).to_be_focused()
    console.get("phone-sos").select_option("sos-05")
    console.press("Tab")
    console.type("สมชาย (ผู้แจ้งตัวอย่าง)")
    console.press("Tab")
    console.type("000-0000000")
    console.press("Enter")
    expect(console.get("toast")).to_contain_text("บันทึกแล้ว รหัสติดตาม")
    expect(console.get("phone-form")).to_have_count(0)
    expect(console.get("incident-kind")).to_have_text("ทำร้ายร่างกาย")
    expect(console.get("incident-place")).to_contain_text("ถนนร้านทอง")
    expect(console.get("report")).to_contain_text("ทะเลาะกันหน้าร้านทอง มีคนเจ็บ")
    expect(console.get("report")).to_contain_text("สมชาย (ผู้แจ้งตัวอย่าง)")
    expect(console.get("report")).to_contain_text("000-0000000")
    (incident,) = station.list_incidents("open")
    assert (incident["channel"], incident["kind"]) == ("phone", "assault")


def test_a_call_half_written_down_waits_while_something_worse_happens(
    press_pole: PressPole, open_console: OpenConsole
) -> None:
    console = open_console()
    console.turn_sound_on()
    console.press("f", "Space", "Tab")
    console.type("เสียงดังจาก")
    incident = press_pole("sos-03")
    expect(console.card(incident)).to_be_visible()
    expect(console.get("phone-text")).to_be_focused()
    console.type("ร้านอาหาร")
    console.choose(incident)
    console.press("a")
    console.expect_state(incident, "acknowledged", "รับทราบ")
    console.press("f")
    expect(console.get("phone-text")).to_have_value("เสียงดังจากร้านอาหาร")


def test_the_keys_are_explained_by_a_key(open_console: OpenConsole) -> None:
    console = open_console()
    console.turn_sound_on()
    console.press("?")
    expect(console.get("help")).to_be_visible()
    expect(console.get("help")).to_contain_text("รับทราบ")
    console.press("Escape")
    expect(console.get("help")).to_have_count(0)
    console.press("h")
    expect(console.get("handover-input")).to_be_focused()
    console.type("รถ 12 เข้าอู่")
    console.press("Tab", "Enter")
    expect(console.get("handover")).to_have_count(0)
    console.press("h")
    expect(console.get("handover-current")).to_contain_text("รถ 12 เข้าอู่")
