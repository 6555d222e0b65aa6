"""A passkey in a real browser, with its own virtual authenticator: made, used to come in, removed; and not elsewhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import NewPage
from tests.support.running import Station

LOGIN, PASSWORD = "กุญแจ-สมชาย", "a horse on a bridge"
EXPECTED = ["401", "403", "422"]

SIGN = """async () => {
  const say = async (path, body) => (await fetch(path, {
    method: "POST", body: JSON.stringify(body),
    headers: {"Content-Type": "application/json", "X-Safezone": "1"},
  })).json();
  const asked = await say("/api/v1/session/passkeys/challenge", {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.public_key);
  const credential = (await navigator.credentials.get({ publicKey })).toJSON();
  return say("/api/v1/session/passkeys/proof", { credential });
}"""
ACCEPT = """async ([token, password]) => (await fetch("/api/v1/session/invitation/accept", {
  method: "POST", body: JSON.stringify({ token, password }),
  headers: {"Content-Type": "application/json", "X-Safezone": "1"},
})).status"""


def by_name(station: Station) -> str:
    """The station by a name: browsers give no passkeys to numbers."""
    return station.url.replace("127.0.0.1", "localhost")


def put_in_authenticator(page: Page) -> None:
    """The browser has a device that keeps keys and knows its user."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def page(station: Station, new_page: NewPage) -> Page:
    """Somebody with an account who has just taken it up, in a browser with an authenticator."""
    page = new_page(width_px=1366, height_px=768, expected=EXPECTED)
    put_in_authenticator(page)
    page.goto(f"{by_name(station)}/enter")
    return page


def test_a_passkey_opens_the_account_until_it_is_removed(station: Station, page: Page) -> None:
    asked = {"login": LOGIN, "role": "technician"}
    invited = station.ask("POST", "/admin/accounts", asked, who="admin").json()
    assert page.evaluate(ACCEPT, [invited["link"].rpartition("=")[2], PASSWORD]) == 201

    page.goto(f"{by_name(station)}/office/account")
    page.get_by_test_id("passkey-name").fill("โทรศัพท์ของฉัน")
    page.get_by_test_id("passkey-add").click()
    key = page.get_by_test_id("passkey")
    expect(key).to_have_attribute("data-name", "โทรศัพท์ของฉัน")

    page.get_by_test_id("signout").click()
    page.get_by_test_id("passkey-enter").click()
    expect(page.get_by_test_id("who")).to_contain_text(LOGIN)
    assert page.evaluate(SIGN) == {"proven": True}

    page.goto(f"{by_name(station)}/office/account")
    for _ in range(2):
        page.get_by_test_id("passkey-remove").click()
    expect(key).to_have_count(0)
    page.get_by_test_id("signout").click()
    page.get_by_test_id("passkey-enter").click()
    expect(page.get_by_test_id("ways-problem")).to_contain_text("กุญแจนี้ใช้ไม่ได้ที่นี่")
    assert page.evaluate("async () => (await fetch('/api/v1/session')).status") == 401


def test_where_there_are_no_passkeys_the_page_says_why(station: Station, page: Page) -> None:
    page.goto(f"{station.url}/enter")
    page.get_by_test_id("passkey-enter").click()
    expect(page.get_by_test_id("ways-problem")).to_contain_text("localhost")
