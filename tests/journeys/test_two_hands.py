"""Two operators on the same incidents: nobody's work is lost, and whoever comes second is told what changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import OpenConsole, PressPole
from tests.journeys.patrol import Patrol
from tests.support.places import eventually
from tests.support.running import Station

REFUSED = ["409"]


@contextmanager
def on_its_way(page: Page, action: str) -> Iterator[None]:
    """What the page sends within is held up between browser and station, and let go at the end: somebody is faster."""
    held: list[Route] = []
    is_over = False
    # It stays in between: a browser whose requests are no longer looked at, and then again, may lose one of them.
    page.route(f"**/{action}", lambda route: route.continue_() if is_over else held.append(route))
    yield
    assert held, f"nothing was sent to {action}"
    is_over = True
    held[0].continue_()


def test_the_second_to_act_is_told_who_was_first_and_keeps_what_they_typed(
    press_pole: PressPole, open_console: OpenConsole
) -> None:
    first, second = open_console("operator"), open_console("operator-2", expected=REFUSED)
    incident = press_pole("sos-03")
    for each in (first, second):
        each.turn_sound_on()
        each.choose(incident)

    second.press("c", "4", "Tab")
    second.type("เด็กเล่นกัน")
    with on_its_way(second.page, "close"):
        with second.page.expect_request("**/close"):
            second.press("Enter")
        first.press("a")
        first.expect_state(incident, "acknowledged", "รับทราบ")
    expect(second.get("conflict")).to_contain_text("ยังไม่ได้บันทึก — มีผู้อื่นเปลี่ยนเหตุนี้ก่อน")
    expect(second.get("conflict")).to_contain_text(re.compile("operator รับทราบ"))
    second.expect_state(incident, "acknowledged", "รับทราบ")
    expect(second.get("close-note")).to_have_value("เด็กเล่นกัน")
    expect(second.get("outcome-false_alarm").locator("input")).to_be_checked()

    # Having seen it, the second decides again.
    second.get("conflict-retry").click()
    expect(second.get("incident-outcome")).to_contain_text("แจ้งเหตุเท็จ")
    expect(second.get("conflict")).to_have_count(0)
    expect(first.get("incident-outcome")).to_contain_text("แจ้งเหตุเท็จ")

    # Both acknowledge at the same moment: one of them did, the other is told, and there is nothing to repeat.
    incident = press_pole("sos-05")
    for each in (first, second):
        each.choose(incident)
    with on_its_way(second.page, "acknowledge"):
        with second.page.expect_request("**/acknowledge"):
            second.press("a")
        first.press("a")
        first.expect_state(incident, "acknowledged", "รับทราบ")
    expect(second.get("conflict")).to_contain_text(re.compile("operator รับทราบ"))
    expect(second.get("conflict-retry")).to_have_count(0)
    second.get("conflict-dismiss").click()
    expect(second.get("conflict")).to_have_count(0)
    expect(second.get("sound-state")).to_have_attribute("data-state", "ready")


def test_a_unit_that_is_busy_is_sent_elsewhere_only_with_a_reason(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    patrol = Patrol(station, "มุกดา 21", "moto-1")
    patrol.sign_on(104.7290, 16.5440)
    console = open_console()
    console.turn_sound_on()
    earlier, later = press_pole("sos-05"), press_pole("sos-08")
    for incident in (earlier, later):
        console.choose(incident)
        console.press("a")
        console.expect_state(incident, "acknowledged", "รับทราบ")
    console.choose(earlier)
    console.press("d", "1", "Enter")
    console.expect_state(earlier, "dispatched", "สั่งการ")

    console.choose(later)
    expect(console.get("recommendation")).to_contain_text("มุกดา 21")
    expect(console.get("unit-choice")).to_have_count(
        0
    )  # Nobody else is on duty, and a busy unit is not proposed.
    console.get("not-listed").locator("summary").click()
    console.page.locator(f'[data-testid=unit-anyway][data-unit-id="{patrol.unit_id}"]').click()
    expect(console.get("recommendation")).to_contain_text("มุกดา 21 มีเหตุอื่นอยู่แล้ว")
    console.get("dispatch-button").click()
    expect(console.get("second-reason")).to_be_focused()  # Without a reason nothing is sent.
    console.expect_state(later, "acknowledged", "รับทราบ")
    console.get("second-reason").fill("อยู่ใกล้ที่สุด เหตุแรกจบแล้ว")
    console.press("Enter")
    console.expect_state(later, "dispatched", "สั่งการ")
    unit = console.page.locator(f'[data-testid=unit-card][data-unit-id="{patrol.unit_id}"]')
    numbers = [
        station.ask("GET", f"/incidents/{each}").json()["incident"]["number"] for each in (earlier, later)
    ]
    for number in numbers:
        expect(unit).to_contain_text(f"#{int(number.split('/')[1])}")


def test_twins_are_suggested_by_the_program_and_merged_by_a_person(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    first, second = open_console("operator"), open_console("operator-2")
    for each in (first, second):
        each.turn_sound_on()
    one, other = press_pole("sos-03"), press_pole("sos-01")  # A hundred metres apart.
    assert one != other
    expect(first.card(other)).to_contain_text("อาจซ้ำกับ 1 เหตุ")
    first.choose(other)
    number = station.ask("GET", f"/incidents/{one}").json()["incident"]["number"]
    merge = first.get("twin-merge")
    expect(first.get("twin")).to_contain_text(f"#{int(number.split('/')[1])}")
    merge.click()
    expect(merge).to_contain_text("ยืนยันรวมเข้ากับ")  # It asks once more: nothing is merged by a slip.
    merge.click()
    expect(first.get("merged-notice")).to_contain_text(number)
    for each in (first, second):
        expect(each.card(other)).to_have_count(0)
        expect(each.card(one)).to_contain_text("รับแจ้ง 2 ครั้ง")
    assert len(eventually(lambda: station.list_reports(one))) == 2
