"""Somebody is invited, chooses a password, sits at the console, and is put out while they sit there."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from safezone.core.accounts import rules
from tests.support.browser import NewPage
from tests.support.running import Station

NOT_LET_IN = ["401", "403"]
PASSWORD = "ม้าวิ่งข้ามสะพาน"


def code_of(secret: str, later: int = 0) -> str:
    """What an app shows now, or in the interval after this one, which is taken too."""
    raw = rules.totp_secret_bytes(secret)
    assert raw
    return rules.totp_at(raw, int(time.time()) // 30 + later)


def take_up(page: Page, link: str) -> str:
    """The link is opened, a password is chosen, an app is set up; the app's secret."""
    page.goto(link)
    page.get_by_test_id("new-password").fill(PASSWORD)
    secret = page.get_by_test_id("totp-secret").inner_text()
    page.get_by_test_id("new-code").fill(code_of(secret))
    page.get_by_test_id("invitation-finish").click()
    expect(page.get_by_test_id("recovery-codes").locator("li")).to_have_count(rules.RECOVERY_CODES)
    page.get_by_test_id("codes-kept").click()
    return secret


def test_an_invited_operator_is_suspended_while_the_console_is_open(
    station: Station, new_page: NewPage
) -> None:
    admin = new_page(expected=NOT_LET_IN)
    admin.goto(f"{station.url}/enter#token={station.tokens['admin']}")
    expect(admin.get_by_test_id("office-open")).to_be_visible()
    admin.goto(f"{station.url}/office/people")
    admin.get_by_test_id("person-add").click()
    admin.get_by_test_id("person-login").fill("Somying")
    admin.get_by_test_id("person-duty").fill("วิทยุ ผลัดดึก")
    admin.get_by_test_id("person-save").click()
    link = admin.get_by_test_id("invite-url").input_value()
    assert link.startswith(station.url)
    admin.get_by_test_id("invite-done").click()

    page = new_page(expected=NOT_LET_IN)
    secret = take_up(page, link)
    expect(page.get_by_test_id("who")).to_contain_text("somying")
    page.get_by_test_id("signout").click()
    page.wait_for_url(f"{station.url}/enter")

    page.get_by_test_id("login-input").fill("SOMYING")
    page.get_by_test_id("password-input").fill("not the password")
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("sign-in-problem")).to_be_visible()
    page.get_by_test_id("password-input").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.get_by_test_id("code-input").fill(code_of(secret, later=1))
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("queue")).to_be_visible()

    admin.reload()
    card = admin.locator('[data-testid="person"][data-login="somying"]')
    expect(card).to_have_attribute("data-state", "active")
    card.get_by_test_id("person-suspend").click()
    card.get_by_test_id("suspend-reason").fill("ย้ายสถานี")
    card.get_by_test_id("suspend-confirm").click()
    expect(page.get_by_text("การเข้าใช้งานสิ้นสุดแล้ว กรุณาเข้าสู่ระบบใหม่")).to_be_visible()
    expect(page.get_by_test_id("queue")).to_have_count(0)
    expect(card).to_have_attribute("data-state", "suspended")
