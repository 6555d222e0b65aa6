"""When the line is cut: the screen says so, and afterwards it has everything, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.cable import Cable, cable_to
from tests.journeys.conftest import OpenConsole, PressPole
from tests.journeys.promise import assert_in_time, note_when_it_appears
from tests.support.places import eventually
from tests.support.running import Station

CUT = ["Failed to load resource", "ERR_", "Worker failed to load"]
"""What the browser itself and the map's library write about a connection that broke."""


@pytest.fixture
def cable(station: Station) -> Iterator[Cable]:
    """The cable of the first console."""
    with cable_to(int(station.url.rsplit(":", 1)[1])) as found:
        yield found


def test_the_cable_is_pulled_and_put_back(
    press_pole: PressPole, open_console: OpenConsole, cable: Cable
) -> None:
    cut, other = open_console("operator", url=cable.url, expected=CUT), open_console("operator-2")
    for each in (cut, other):
        each.turn_sound_on()
    before = press_pole("sos-03")
    expect(cut.card(before)).to_be_visible()
    expect(cut.get("feed-state")).to_have_attribute("data-state", "live")
    expect(cut.get("feed-band")).to_have_count(0)

    note_when_it_appears(cut.page, "feed-band")
    cable.pull()
    during = [press_pole("sos-05"), press_pole("sos-08")]
    expect(other.cards()).to_have_count(3)
    expect(cut.get("feed-band")).to_be_visible()
    assert_in_time(cut.page)
    expect(cut.get("feed-band")).to_contain_text("ขาดการเชื่อมต่อ — หน้าจอนี้ไม่ได้รับเหตุใหม่")
    expect(cut.get("feed-state")).to_have_attribute("data-state", "dead")
    expect(cut.cards()).to_have_count(1)
    expect(other.get("feed-band")).to_have_count(0)

    cable.plug()
    expect(cut.get("feed-band")).to_have_count(0)
    expect(cut.get("feed-state")).to_have_attribute("data-state", "live")
    for incident in (before, *during):
        expect(cut.card(incident)).to_have_count(1)
    expect(cut.cards()).to_have_count(3)
    eventually(lambda: len(cable.list_open("/api/v1/live")) == 1)


def test_what_was_typed_while_offline_can_be_sent_afterwards(
    press_pole: PressPole, open_console: OpenConsole
) -> None:
    console = open_console(expected=CUT)
    console.turn_sound_on()
    console.choose(press_pole("sos-03"))
    console.page.context.set_offline(True)
    console.press("n")
    console.type("ผู้แจ้งวางสายไปแล้ว")
    console.press("Enter")
    expect(console.get("action-failed")).to_contain_text("ยังไม่มีการบันทึก")
    expect(console.get("note-input")).to_have_value("ผู้แจ้งวางสายไปแล้ว")
    console.page.context.set_offline(False)
    console.press("Enter")
    expect(console.get("note")).to_contain_text("ผู้แจ้งวางสายไปแล้ว")
    expect(console.get("note")).to_have_count(1)
    expect(console.get("action-failed")).to_have_count(0)


def test_the_program_is_killed_while_people_press(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    console = open_console(expected=CUT)
    console.turn_sound_on()
    before = press_pole("sos-03")
    expect(console.card(before)).to_be_visible()
    killed = station.kill("node")
    during = press_pole("sos-05")  # Its receipt comes when the program is back: said is stored.
    station.wait_until_answering("node", unlike=killed)
    after = press_pole("sos-08")
    expect(console.get("feed-state")).to_have_attribute("data-state", "live")
    for incident in (before, during, after):
        expect(console.card(incident)).to_have_count(1)
    expect(console.cards()).to_have_count(3)
    expect(console.get("feed-band")).to_have_count(0)
    assert [len(station.list_reports(each)) for each in (before, during, after)] == [1, 1, 1]


def test_a_station_that_is_not_running_says_so_on_the_screen(
    tmp_path: Path, press_pole: PressPole, open_console: OpenConsole, cable: Cable
) -> None:
    """Loaded anew while the line is cut, the screen does not stay white: it says what is wrong and comes up later."""
    console = open_console(url=cable.url, expected=CUT)
    console.page.route("**/api/v1/console", lambda route: route.abort())
    console.page.reload()
    expect(console.page.get_by_text("โหลดข้อมูลสถานีไม่สำเร็จ")).to_be_visible()
    console.page.unroute("**/api/v1/console")
    expect(console.get("queue")).to_be_visible()
