"""What was erased is read in the office, with its certificate; and a refusal there follows the language of the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from safezone.incidents.commands import EraseDue
from tests.support.browser import NewPage
from tests.support.station import RunningStation, who

WORDS = "คำของผู้แจ้งที่ไม่มีใครควรเห็น"
REASON = "คดีอาญาที่ 12/2569"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    """One incident was closed and erased, another is held."""
    found = RunningStation(tmp_path_factory.mktemp("retention"))
    operator, supervisor = found.api("operator"), found.api("supervisor")
    closed, held = (found.api("public").report("other", text=WORDS) for _ in range(2))
    operator.on(operator.incident(closed["incident_id"]), "close", outcome="resolved")
    supervisor.act(f"/api/v1/incidents/{held['incident_id']}/hold", {"reason": REASON})
    found.do(EraseDue("incident", 0), who("system", "test"))
    yield found
    found.close()


def enter(new_page: NewPage, station: RunningStation, as_whom: str, room: str, *, width_px: int) -> Page:
    page = new_page(width_px=width_px, height_px=844, expected=["401", "403", "404", "409", "422"])
    page.goto(f"{station.url}/enter#token={station.tokens[as_whom]}")
    page.wait_for_url(re.compile("/(office|console)"))
    page.goto(f"{station.url}/office/{room}")
    return page


@pytest.mark.parametrize(("as_whom", "reads_reason"), [("auditor", False), ("admin", True)])
def test_what_was_erased_is_read_with_its_certificate(
    station: RunningStation, new_page: NewPage, as_whom: str, reads_reason: bool
) -> None:
    page = enter(new_page, station, as_whom, "retention", width_px=390)
    erased = page.get_by_test_id("erasure")
    expect(erased).to_have_count(1)
    expect(erased).to_contain_text("ข้อมูลส่วนบุคคลของเหตุ")
    expect(erased).to_contain_text("เก็บครบ 0 วัน")
    expect(page.get_by_test_id("hold")).to_have_count(1)
    expect(page.get_by_text(REASON)).to_have_count(1 if reads_reason else 0)
    expect(page.get_by_test_id("retention-rules")).to_contain_text("บัญชีผู้ใช้ที่สิ้นสุดแล้ว")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_popup() as opened:
        page.get_by_test_id("erasure-certificate").click()
    expect(opened.value.locator("body")).to_contain_text("หนังสือรับรองการลบข้อมูล")
    expect(opened.value.locator("body")).not_to_contain_text(WORDS)
    opened.value.close()
    page.evaluate("localStorage.setItem('safezone.lang', 'en')")
    page.reload()
    expect(erased).to_contain_text("personal content of incidents")
    expect(erased).to_contain_text("1 subject")


def test_whoever_answers_for_nothing_of_it_does_not_find_the_room(
    station: RunningStation, new_page: NewPage
) -> None:
    page = enter(new_page, station, "operator", "retention", width_px=1366)
    expect(page.get_by_text("บทบาทของท่านเปิดไม่ได้")).to_be_visible()
    expect(page.get_by_test_id("retention-room")).to_have_count(0)


def test_a_refusal_that_stays_on_the_screen_follows_its_language(
    station: RunningStation, new_page: NewPage
) -> None:
    station.api("admin").act("/api/v1/admin/accounts", {"login": "somsri", "role": "operator", "scope": ""})
    page = enter(new_page, station, "admin", "people", width_px=1366)
    page.get_by_test_id("person-add").click()
    page.get_by_test_id("person-login").fill("somsri")
    page.get_by_test_id("person-save").click()
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text(re.compile("[ก-๙]{4}"))
    page.evaluate("document.querySelector('[data-testid=lang-switch]').click()")  # it lies behind the form
    expect(refusal).to_contain_text(re.compile("[a-z]{4}"))
    expect(refusal).not_to_contain_text(re.compile("[ก-๙]"))
