"""In by the organisation's own account: the button, the provider's pages, back in the office; and every refusal in words."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import NewPage
from tests.support.openid import CLIENT, OpenIdProvider
from tests.support.running import Station, running

EXPECTED = ["401", "403"]
PEOPLE = {"somchai": "ที่นี่เอง", "stranger": "somewhere else"}
PASSWORD = "เรือข้ามโขงยามเช้า"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    found = OpenIdProvider(PEOPLE)
    yield found
    found.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider) -> Iterator[Station]:
    """A station with this provider, in which somchai has an account."""
    path = tmp_path_factory.mktemp("provider")
    secret = path / "client-secret"
    secret.write_text(provider.secret)
    settings = f"""
[oidc]
issuer = "{provider.issuer}"
client_id = "{CLIENT}"
client_secret_file = "{secret}"
label_th = "บัญชีตำรวจ"
label_en = "your police account"
login_claim = "preferred_username"
"""
    with running(path / "data", settings=settings) as station:
        provider.register(station.url)
        invited = station.ask(
            "POST", "/admin/accounts", {"login": "somchai", "role": "technician"}, who="admin"
        )
        token = invited.json()["link"].partition("#token=")[2]
        taken = {"token": token, "password": PASSWORD}
        httpx.post(f"{station.api}/session/invitation/accept", json=taken, timeout=60).raise_for_status()
        yield station


@pytest.fixture
def page(house: Station, new_page: NewPage) -> Page:
    page = new_page(width_px=1366, height_px=768, expected=EXPECTED)
    page.goto(f"{house.url}/enter")
    return page


def to_the_provider(page: Page, user: str | None) -> None:
    """The button; at the provider, whoever is not signed in there yet types name and password."""
    page.get_by_test_id("provider-enter").click()
    if user is not None:
        page.get_by_label("user").fill(user)
        page.get_by_label("password").fill(PEOPLE[user])
        page.get_by_role("button", name="in").click()
    expect(page.get_by_role("heading")).to_contain_text("may the station know who you are?")


def test_in_by_the_provider_and_out_when_they_sign_out_there(
    house: Station, provider: OpenIdProvider, page: Page
) -> None:
    expect(page.get_by_test_id("provider-enter")).to_contain_text("เข้าใช้ด้วยบัญชีตำรวจ")
    to_the_provider(page, "somchai")
    page.get_by_role("button", name="deny").click()
    expect(page.get_by_test_id("provider-ended")).to_have_attribute("data-word", "denied")
    expect(page.get_by_test_id("provider-ended")).to_contain_text("ยกเลิกที่ผู้ให้บริการแล้ว")

    to_the_provider(page, None)
    page.get_by_role("button", name="allow").click()
    expect(page.get_by_test_id("who")).to_contain_text("somchai")
    assert "oidc" not in page.url, "how it ended does not stay in the history"
    page.goto(f"{house.url}/office/account")
    expect(page.get_by_test_id("provider-link")).to_contain_text(provider.subject_of("somchai"))

    provider.sign_out("somchai")
    assert page.evaluate("async () => (await fetch('/api/v1/session')).status") == 401
    page.reload()
    expect(page.get_by_test_id("provider-enter")).to_be_visible()


def test_out_of_the_station_and_then_of_the_provider(
    house: Station, provider: OpenIdProvider, page: Page
) -> None:
    to_the_provider(page, "somchai")
    page.get_by_role("button", name="allow").click()
    expect(page.get_by_test_id("who")).to_contain_text("somchai")
    page.get_by_test_id("signout").click()
    expect(page.get_by_test_id("provider-still-in")).to_contain_text("ยังลงชื่อเข้าใช้บัญชีตำรวจอยู่")
    page.get_by_test_id("provider-leave").click()
    expect(page.get_by_test_id("provider-left")).to_contain_text("ออกจากระบบที่ผู้ให้บริการแล้วด้วย")
    expect(page.get_by_test_id("provider-still-in")).to_have_count(0)
    page.get_by_test_id("provider-enter").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()  # nobody is signed in there


def test_out_of_the_provider_and_so_of_the_station(
    house: Station, provider: OpenIdProvider, page: Page
) -> None:
    """The provider's page says it in a frame, which this station lets it and nobody else have."""
    to_the_provider(page, "somchai")
    page.get_by_role("button", name="allow").click()
    expect(page.get_by_test_id("who")).to_contain_text("somchai")
    at_provider = page.context.new_page()
    with at_provider.expect_response(lambda answer: "/front-logout" in answer.url) as answer:
        at_provider.goto(f"{provider.issuer}/sign-out")
    assert answer.value.status == 200
    assert provider.issuer in answer.value.headers["content-security-policy"]
    assert page.evaluate("async () => (await fetch('/api/v1/session')).status") == 401
    at_provider.close()


def test_whom_the_station_does_not_know_is_told_so(page: Page) -> None:
    to_the_provider(page, "stranger")
    page.get_by_role("button", name="allow").click()
    ended = page.get_by_test_id("provider-ended")
    expect(ended).to_have_attribute("data-word", "no_account")
    expect(ended).to_contain_text("ยังไม่เชื่อมกับบัญชีของสถานี")


def test_somebody_who_has_a_password_links_the_account_from_my_account(house: Station, page: Page) -> None:
    made = house.ask(
        "POST", "/admin/accounts", {"login": "somying", "role": "technician"}, who="admin"
    ).json()
    page.goto(f"{house.url}/enter{made['link'][made['link'].index('#') :]}")
    page.get_by_test_id("new-password").fill(PASSWORD)
    page.get_by_test_id("invitation-finish").click()
    expect(page.get_by_test_id("who")).to_contain_text("somying")
    page.goto(f"{house.url}/office/account")
    page.get_by_test_id("provider-link-start").click()
    page.get_by_label("user").fill("stranger")
    page.get_by_label("password").fill(PEOPLE["stranger"])
    page.get_by_role("button", name="in").click()
    page.get_by_role("button", name="allow").click()
    expect(page.get_by_test_id("who")).to_contain_text("somying")
    page.goto(f"{house.url}/office/account")
    expect(page.get_by_test_id("provider-link")).to_have_count(1)
    page.get_by_test_id("provider-unlink").click()
    expect(page.get_by_test_id("provider-link")).to_have_count(0)
