"""One press, from the pole to the closed incident, on the two consoles of the command centre."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.conftest import OpenConsole, PressPole
from tests.journeys.console import Console
from tests.journeys.patrol import Patrol
from tests.support.running import Station

PIER = (104.729486, 16.544822)
"""The passenger pier, where SOS point sos-03 stands."""


def test_from_the_press_to_the_closed_incident(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    near, far = Patrol(station, "มุกดา 21", "moto-1"), Patrol(station, "มุกดา 11", "car-1")
    near.sign_on(PIER[0] + 0.0005, PIER[1])
    far.sign_on(PIER[0] - 0.0020, PIER[1] - 0.0040)
    first, second = both = open_console("operator"), open_console("operator-2")
    for each in both:
        each.turn_sound_on()
        expect(each.get("queue-empty")).to_contain_text("ไม่มีเหตุค้าง")

    # Somebody presses; both see and hear it.
    incident = press_pole("sos-03")
    for each in both:
        expect(each.card(incident)).to_contain_text("กดปุ่ม SOS")
        expect(each.card(incident)).to_contain_text("ท่าเรือโดยสาร")
        each.expect_state(incident, "reported", "รับแจ้ง")
        expect(each.get("announcer")).to_have_text("เหตุใหม่ กดปุ่ม SOS ท่าเรือโดยสาร")
        each.expect_alarm()

    # The first operator acknowledges with the keyboard: both see who, and both go quiet.
    first.press("j", "Enter", "a")
    second.choose(incident)
    for each in both:
        each.expect_state(incident, "acknowledged", "รับทราบ")
        expect(each.get("timeline")).to_contain_text("operator")
        each.expect_quiet()

    # The nearest unit stands first, with its distance and the age of its fix; a person sends it.
    first.press("d")
    choices = first.get("unit-choice")
    expect(choices.first).to_have_attribute("data-unit-id", near.unit_id)
    expect(choices.first).to_contain_text(re.compile(r"มุกดา 21.*พิกัด"))
    expect(choices.nth(1)).to_have_attribute("data-unit-id", far.unit_id)
    expect(first.get("not-listed")).to_be_visible()
    first.press("1", "Enter")
    for each in both:
        each.expect_state(incident, "dispatched", "สั่งการ")
        expect(each.card(incident)).to_contain_text("มุกดา 21")
        expect(each.get("assignment")).to_have_attribute("data-state", "assigned")

    _type_while_the_unit_answers(first, second, near, incident)
    near.say(incident, "on_scene")
    for each in both:
        each.expect_state(incident, "on_scene", "ถึงที่เกิดเหตุ")

    # Closed with its outcome: out of the queue on both, and in the history.
    first.press("Escape", "c", "1", "Enter")
    for each in both:
        expect(each.card(incident)).to_have_count(0)
        expect(each.get("queue-empty")).to_be_visible()
        each.get("queue-tab-closed").click()
        each.expect_state(incident, "closed", "ปิดเหตุ")
        expect(each.card(incident)).to_contain_text("ระงับเหตุแล้ว")
        expect(each.get("incident-outcome")).to_contain_text("ระงับเหตุแล้ว")

    detail = station.ask("GET", f"/incidents/{incident}").json()
    assert [each["kind"] for each in detail["timeline"]][:2] == ["report_received", "incident_opened"]
    assert detail["incident"]["outcome"] == "resolved"


def _type_while_the_unit_answers(first: Console, second: Console, near: Patrol, incident: str) -> None:
    """Nothing of the sentence is lost, and it goes on in the same place."""
    first.press("n")
    first.type("ผู้แจ้งเป็นหญิง ")
    near.say(incident, "accepted")
    expect(first.get("assignment")).to_have_attribute("data-state", "accepted")
    first.type("สวมเสื้อแดง ")
    near.say(incident, "en_route")
    for each in (first, second):
        each.expect_state(incident, "en_route", "กำลังไป")
    first.type("รออยู่ที่ท่าเรือ")
    expect(first.get("note-input")).to_have_value("ผู้แจ้งเป็นหญิง สวมเสื้อแดง รออยู่ที่ท่าเรือ")
    first.press("Enter")
    for each in (first, second):
        expect(each.get("note")).to_contain_text("ผู้แจ้งเป็นหญิง สวมเสื้อแดง รออยู่ที่ท่าเรือ")
    expect(first.get("note-input")).to_have_value("")


def test_a_false_alarm_and_a_prank_are_outcomes_like_any_other(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    console = open_console()
    console.turn_sound_on()
    for point, digit, outcome, words in (
        ("sos-05", "4", "false_alarm", "แจ้งเหตุเท็จ"),
        ("sos-08", "5", "prank", "ก่อกวน"),
    ):
        incident = press_pole(point)
        console.choose(incident)
        console.press("c", digit)
        expect(console.get(f"outcome-{outcome}").locator("input")).to_be_checked()
        expect(console.get(f"outcome-{outcome}")).to_contain_text(words)
        console.press("Enter")
        expect(console.get("incident-outcome")).to_contain_text(words)
        expect(console.get("queue-empty")).to_be_visible()
        expect(console.get("sound-state")).to_have_attribute("data-state", "ready")
        assert station.ask("GET", f"/incidents/{incident}").json()["incident"]["outcome"] == outcome


def test_a_press_is_heard_again_in_the_middle_of_a_mute(
    press_pole: PressPole, open_console: OpenConsole
) -> None:
    console = open_console()
    console.turn_sound_on()
    press_pole("sos-03")
    console.expect_alarm()
    console.press("s")
    expect(console.get("sound-state")).to_have_attribute("data-state", "muted")
    press_pole("sos-08")
    expect(console.cards()).to_have_count(2)
    console.expect_alarm()
