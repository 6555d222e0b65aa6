"""Who may sit at the console, and one connection per browser, however many tabs are open."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.cable import cable_to
from tests.journeys.conftest import OpenConsole, PressPole
from tests.support.browser import NewPage
from tests.support.places import eventually
from tests.support.running import Station

NOT_LET_IN = ["401", "403"]
LIVE = "/api/v1/live"


def test_whoever_is_signed_out_is_told_and_leaves_nothing_behind(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    asked = {"sort": "token", "role": "operator", "name": "operator-guest"}
    issued = station.ask("POST", "/admin/credentials", asked, who="admin").json()
    station.tokens["guest"] = issued["secret"]
    console = open_console("guest", expected=NOT_LET_IN)
    console.turn_sound_on()
    console.choose(press_pole("sos-03"))
    console.press("n")
    console.type("ข้อความที่คนต่อไปต้องไม่เห็น")

    revoked = station.ask(
        "POST", f"/admin/credentials/{issued['credential_id']}/revoke", {"reason": "test"}, who="admin"
    )
    assert revoked.is_success, revoked.text
    expect(console.page.get_by_text("การเข้าใช้งานสิ้นสุดแล้ว กรุณาเข้าสู่ระบบใหม่")).to_be_visible()
    expect(console.get("queue")).to_have_count(0)

    # The next person signs in on the same screen.
    console.get("token-input").fill(f"{station.url}/enter#token={station.tokens['operator-2']}")
    console.press("Enter")
    expect(console.get("who")).to_contain_text("operator-2")
    console.turn_sound_on()
    console.press("j", "Enter")
    expect(console.get("note-input")).to_have_value("")


def test_a_link_that_does_not_work_says_so(station: Station, new_page: NewPage) -> None:
    page = new_page(expected=NOT_LET_IN)
    page.goto(f"{station.url}/enter#token=made-up")
    expect(page.get_by_test_id("enter-problem")).to_be_visible()
    page.goto(f"{station.url}/enter#token={station.tokens['มุกดา 11']}")
    expect(page.get_by_test_id("enter-not-here")).to_contain_text("ไม่มีหน้าจอในศูนย์ควบคุมสั่งการ")
    assert "token" not in page.url  # It must not stay in the address bar or the history.


def test_signing_out_ends_it_for_every_tab(station: Station, open_console: OpenConsole) -> None:
    first = open_console(expected=NOT_LET_IN)
    first.turn_sound_on()
    second = first.page.context.new_page()
    second.goto(f"{station.url}/console")
    expect(second.get_by_test_id("queue")).to_be_visible()
    first.get("signout").click()
    expect(first.get("token-input")).to_be_visible()
    expect(second.get_by_test_id("token-input")).to_be_visible()
    answer = first.page.request.get(f"{station.api}/session")
    assert answer.status == 401


def test_all_tabs_of_a_browser_share_one_connection(
    station: Station, press_pole: PressPole, open_console: OpenConsole
) -> None:
    with cable_to(int(station.url.rsplit(":", 1)[1])) as cable:
        first = open_console(url=cable.url)
        first.turn_sound_on()
        tabs = [first.page.context.new_page() for _ in range(2)]
        for tab in tabs:
            tab.goto(f"{cable.url}/console")
            expect(tab.get_by_test_id("queue")).to_be_visible()
            expect(tab.get_by_test_id("feed-state")).to_have_attribute("data-state", "live")
        incident = press_pole("sos-03")
        for tab in (first.page, *tabs):
            expect(tab.locator(f'[data-incident-id="{incident}"]')).to_be_visible()
        eventually(lambda: len(cable.list_open(LIVE)) == 1)
        # The tab that came first is closed; the others go on being told.
        first.page.close()
        later = press_pole("sos-08")
        for tab in tabs:
            expect(tab.locator(f'[data-incident-id="{later}"]')).to_be_visible()
            expect(tab.get_by_test_id("feed-band")).to_have_count(0)
        eventually(lambda: len(cable.list_open(LIVE)) == 1)
        for tab in tabs:
            tab.close()
        eventually(lambda: not cable.list_open(LIVE))
