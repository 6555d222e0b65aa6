"""Somebody takes lists out: asked once more who they are, by password and code or by a passkey, and put out by the administrator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from safezone.core.accounts import rules
from safezone.core.accounts.proof import FRESH_FOR
from tests.journeys.test_passkeys import put_in_authenticator
from tests.support.browser import NewPage
from tests.support.station import RunningStation

EXPECTED = ["401", "403"]
PASSWORD = "เรือข้ามโขงยามเช้า"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[RunningStation]:
    """A station whose clock the test holds: nobody waits ten minutes."""
    found = RunningStation(tmp_path / "data")
    yield found
    found.close()


class Person:
    """The chief, with an app and a browser that can keep keys."""

    def __init__(self, house: RunningStation, page: Page) -> None:
        self.house, self.page = house, page
        self.at = house.url.replace("127.0.0.1", "localhost")
        made = house.api("admin").act("/api/v1/admin/accounts", {"login": "chief.somsri", "role": "chief"})
        put_in_authenticator(page)
        page.goto(f"{self.at}/enter{made['link'][made['link'].index('#') :]}")
        page.get_by_test_id("new-password").fill(PASSWORD)
        self._secret = rules.totp_secret_bytes(page.get_by_test_id("totp-secret").inner_text()) or b""
        page.get_by_test_id("new-code").fill(self.code())
        page.get_by_test_id("invitation-finish").click()
        page.get_by_test_id("codes-kept").click()
        expect(page.get_by_test_id("overview-room")).to_be_visible()

    def code(self) -> str:
        return rules.totp_at(self._secret, int(self.house.clock.now().timestamp()) // rules.TOTP_PERIOD_S)

    def long_after(self) -> None:
        """What they have proven is too old for anything that takes a fresh proof."""
        self.house.clock.advance(FRESH_FOR.total_seconds() + 30)

    def prove(self) -> None:
        self.page.get_by_test_id("step-up-password").fill(PASSWORD)
        self.page.get_by_test_id("step-up-code").fill(self.code())
        self.page.get_by_test_id("step-up-go").click()
        expect(self.page.get_by_test_id("step-up")).to_have_count(0)

    def take_out(self, room: str, opens: str) -> None:
        """As far as the dialog that asks who they are."""
        self.page.goto(f"{self.at}/office/{room}")
        if room == "assets":
            self.page.locator('[data-testid="estate-tab"][data-tab="import"]').click()
        self.page.get_by_test_id(opens).click()
        self.page.get_by_test_id("export-purpose").select_option("complaint")
        self.page.get_by_test_id("export-case").fill("ร.7/2569")
        self.page.get_by_test_id("export-go").click()


@pytest.fixture
def person(house: RunningStation, new_page: NewPage) -> Person:
    return Person(house, new_page(width_px=1366, height_px=768, expected=EXPECTED))


def test_lists_go_out_with_a_purpose_and_a_fresh_proof_until_the_session_is_ended(
    house: RunningStation, person: Person, new_page: NewPage
) -> None:
    page = person.page
    person.long_after()
    person.take_out("audit", "audit-export-open")
    expect(page.get_by_test_id("step-up")).to_be_visible()
    page.get_by_test_id("step-up").get_by_role("button", name="ยกเลิก").click()
    expect(page.get_by_test_id("export-problem")).to_contain_text("ยืนยันตัวตนอีกครั้ง")
    page.get_by_test_id("export-go").click()
    with page.expect_download() as taken:
        person.prove()
    assert taken.value.suggested_filename.startswith("audit-mdh-")

    person.long_after()
    page.goto(f"{person.at}/office/account")
    page.get_by_test_id("passkey-name").fill("เครื่องนี้")
    page.get_by_test_id("passkey-add").click()
    person.prove()
    expect(page.get_by_test_id("passkey")).to_have_count(1)

    person.long_after()
    person.take_out("assets", "estate-export")
    with page.expect_download() as taken:
        page.get_by_test_id("step-up-key").click()
    assert taken.value.suggested_filename.startswith("assets-")
    expect(page.get_by_test_id("export-done")).to_be_visible()
    declared = house.api("auditor").ask("/api/v1/audit", only="exports", kind="look_declared")["items"]
    assert [(each["actor"], each["case"]) for each in declared] == [("chief:chief.somsri", "ร.7/2569")] * 2

    admin = new_page(expected=EXPECTED)
    admin.goto(f"{house.url}/enter#token={house.tokens['admin']}")
    expect(admin.get_by_test_id("office-open")).to_be_visible()
    admin.goto(f"{house.url}/office/sessions")
    theirs = admin.locator('[data-testid="session"][data-name="chief.somsri"]')
    expect(theirs).to_contain_text("Linux")
    expect(
        admin.locator('[data-testid="session"][data-here="true"]').get_by_test_id("session-end")
    ).to_be_disabled()
    for _ in range(2):
        theirs.get_by_test_id("session-end").click()
    expect(theirs).to_have_count(0)
    assert page.evaluate("async () => (await fetch('/api/v1/session')).status") == 401
