"""The rooms of those who answer for the station: the settings are changed, and the auditor sees that they were."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenConsole
from tests.support.browser import NewPage
from tests.support.places import eventually
from tests.support.running import Station

KEY = "limits.arrive_limit_s"
CONFLICT, NOT_GIVEN = ["409"], ["403"]


def enter(page: Page, station: Station, who: str, room: str) -> Page:
    """The room of the office, signed in with this token."""
    page.goto(f"{station.url}/enter#token={station.tokens[who]}")
    page.get_by_test_id("enter-button").or_(
        page.locator("[data-testid=office-main], #app > *")
    ).first.wait_for()
    page.wait_for_url(lambda url: "token" not in url)
    page.goto(f"{station.url}/office/{room}")
    return page


def test_a_setting_is_changed_seen_everywhere_and_put_back(
    station: Station, new_page: NewPage, open_console: OpenConsole
) -> None:
    console = open_console("operator")
    page = enter(new_page(), station, "admin", "settings")
    other = enter(new_page(expected=CONFLICT), station, "admin", "settings")
    mine, theirs = (each.locator(f"[data-testid=setting][data-key='{KEY}']") for each in (page, other))
    expect(mine).to_have_attribute("data-origin", "default")
    for row, value in ((mine, "420"), (theirs, "600")):
        row.get_by_test_id("setting-change").click()
        row.get_by_test_id("setting-input").fill(value)
        row.get_by_test_id("setting-reason").fill("ทดลองหนึ่งสัปดาห์")
    mine.get_by_test_id("setting-save").click()
    expect(mine.get_by_test_id("setting-value")).to_contain_text("420")
    expect(mine.get_by_test_id("setting-changed")).to_contain_text("admin")
    eventually(lambda: station.ask("GET", "/console").json()["settings"]["arrive_limit_s"] == 420)
    expect(console.get("queue")).to_be_visible()

    theirs.get_by_test_id("setting-save").click()
    expect(theirs.get_by_test_id("setting-problem")).to_contain_text("420")
    expect(theirs.get_by_test_id("setting-input")).to_have_value("600")  # What was typed stays.

    mine.get_by_test_id("setting-change").click()
    mine.get_by_test_id("setting-reason").fill("พอแล้ว")
    mine.get_by_test_id("setting-reset").click()
    expect(mine).to_have_attribute("data-origin", "default")
    mine.get_by_test_id("setting-history").click()
    expect(mine.get_by_test_id("setting-change-line")).to_have_count(2)
    page.get_by_test_id("lang-switch").click()
    expect(mine).to_contain_text("Arrive within")


def test_who_may_only_look_changes_nothing(station: Station, new_page: NewPage) -> None:
    page = enter(new_page(), station, "auditor", "settings")
    expect(page.get_by_test_id("settings-read-only")).to_be_visible()
    expect(page.get_by_test_id("setting").first).to_be_visible()
    expect(page.get_by_test_id("setting-change")).to_have_count(0)


def test_the_auditor_follows_what_was_done_and_checks_the_chain(station: Station, new_page: NewPage) -> None:
    assert (
        station.ask("GET", "/admin/credentials").status_code == 403
    )  # The operator is refused: that is a line too.
    page = enter(new_page(expected=NOT_GIVEN), station, "auditor", "audit")
    page.get_by_test_id("audit-only-refusals").click()
    refused = page.locator("[data-testid=audit-line][data-kind=refused]")
    expect(refused.first).to_contain_text("operator")
    expect(page.locator("[data-testid=audit-line]:not([data-kind=refused])")).to_have_count(0)

    page.get_by_test_id("audit-only-all").click()
    page.get_by_test_id("audit-kind").select_option("sos_point_registered")
    expect(page.get_by_test_id("audit-line")).to_have_count(8)
    page.get_by_test_id("audit-line-open").first.click()
    expect(page.get_by_test_id("audit-data")).to_contain_text("sos-0")
    page.get_by_test_id("audit-clear").click()
    page.get_by_test_id("audit-more").click()
    eventually(lambda: page.get_by_test_id("audit-line").count() > 100)

    page.get_by_test_id("chain-check").click()
    expect(page.get_by_test_id("chain-verdict")).to_have_attribute("data-state", "good")
    page.get_by_test_id("witness-make").click()
    expect(page.get_by_test_id("witness-verdict")).to_contain_text("ตรงกับหลักฐาน")

    page.get_by_test_id("audit-export-open").click()
    page.get_by_test_id("export-go").click()  # A token of the demonstration was not given out for exports.
    expect(page.get_by_test_id("export-problem")).to_contain_text("ส่งออก")
