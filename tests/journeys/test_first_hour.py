"""The first hour: from an empty folder to a station that answers, in the browser, with nobody editing files."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Page, expect

from safezone.core.accounts import rules
from tests.support.browser import NewPage
from tests.support.places import eventually, free_port
from tests.support.running import START_LIMIT_S, start


class Beginning:
    """`safezone up` in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "up.log"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.mqtt_port = free_port()
        ports = ["--port", self.url.rsplit(":", 1)[1], "--mqtt-port", str(self.mqtt_port)]
        self.process = start(["up", "--data", str(folder / "data"), *ports], self.log)

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def link(self) -> str:
        """The link that it prints."""
        found = eventually(lambda: re.search(r"(\S+)/setup#token=(\S+)", self.said()), within_s=START_LIMIT_S)
        assert found is not None
        assert found[1] == self.url
        return found[0]

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def beginning(tmp_path: Path) -> Iterator[Beginning]:
    found = Beginning(tmp_path)
    yield found
    found.end()


PASSWORD = "เรือข้ามโขงยามเช้า"
NAME_TH, NAME_EN = "สภ.เมืองหนองคาย", "Mueang Nong Khai Police Station"
GOOD = {
    "station_id": "nong-khai",
    "name_th": NAME_TH,
    "name_en": NAME_EN,
    "lon": 102.74,
    "lat": 17.88,
}


def test_the_first_hour_from_an_empty_folder_to_a_real_press_on_a_real_screen(
    beginning: Beginning, new_page: NewPage
) -> None:
    page = new_page(expected=["401", "403", "404"])
    found_in_the_browser(page, beginning)
    first_administrator(page)
    page.wait_for_url("**/office/setup")
    expect(page.get_by_test_id("setup-progress")).to_have_text("เสร็จ 1 จาก 6")
    draw_the_zone(page)
    press = first_pole(page, beginning)
    console_link = two_operators(page)
    expect(page.get_by_test_id("setup-progress")).to_have_text("เสร็จ 4 จาก 6")
    first_patrol(page)
    expect(page.get_by_test_id("setup-progress")).to_have_text("เสร็จ 5 จาก 6")

    operator = new_page(expected=["401", "403"])
    operator.goto(console_link)
    operator.get_by_test_id("new-password").fill(PASSWORD)
    operator.get_by_test_id("invitation-finish").click()
    expect(operator.get_by_test_id("queue-item")).to_have_count(1)
    press(2)
    operator.get_by_test_id("queue-item").first.click()
    operator.get_by_test_id("ack-button").click()
    expect(page.get_by_test_id("setup-progress")).to_have_text("เสร็จ 6 จาก 6")
    expect(page.get_by_text("สถานีพร้อมทำงาน")).to_be_visible()


def found_in_the_browser(page: Page, beginning: Beginning) -> None:
    """The form that the printed link opens; afterwards the station has taken over the same address."""
    page.goto(beginning.link())
    get = page.get_by_test_id
    expect(get("founding-button")).to_be_disabled()
    assert "token" not in page.url, "the link must not stay in the history"
    get("founding-name-th").fill(NAME_TH)
    get("founding-name-en").fill(NAME_EN)
    expect(get("founding-id")).to_have_value("nong-khai")
    get("founding-place").fill("102.74, 17.88")
    expect(get("founding-place-read")).to_contain_text("ละติจูด 17.88 ลองจิจูด 102.74")
    get("founding-button").click()
    page.wait_for_url(lambda url: "/setup" not in url)


def first_administrator(page: Page) -> None:
    """Whoever founded the station chooses a name, a password and an app."""
    page.get_by_test_id("new-login").fill("chief.admin")
    page.get_by_test_id("new-password").fill(PASSWORD)
    raw = rules.totp_secret_bytes(page.get_by_test_id("totp-secret").inner_text())
    assert raw
    page.get_by_test_id("new-code").fill(rules.totp_at(raw, int(time.time()) // 30))
    page.get_by_test_id("invitation-finish").click()
    page.get_by_test_id("codes-kept").click()


def address_of(page: Page) -> str:
    """Where the station answers."""
    return page.url.split("/office")[0]


def draw_the_zone(page: Page) -> None:
    """Drawing by mouse is tried elsewhere; here it is enough that somebody has drawn."""
    here, at, head = page.request, address_of(page), {"X-Safezone": "1"}
    version = here.get(f"{at}/api/v1/zone/details").json()["version"]
    ring = [[102.735, 17.875], [102.745, 17.875], [102.745, 17.884], [102.735, 17.884], [102.735, 17.875]]
    body = {
        "expected_version": version,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "reason": "ขอบเขตจริง",
    }
    answer = here.post(f"{at}/api/v1/zone/boundary", data=body, headers=head)
    assert answer.ok, answer.text()
    expect(page.get_by_test_id("setup-progress")).to_have_text("เสร็จ 2 จาก 6")


def first_pole(page: Page, beginning: Beginning) -> Callable[[int], None]:
    """A pole is registered, set up with what the page shows, and pressed; returns how to press it again."""
    page.get_by_test_id("setup-pole-name").fill("หน้าตลาดท่าเสด็จ")
    page.get_by_test_id("setup-pole-place").fill("17.8801, 102.7405")
    page.get_by_test_id("setup-pole-add").click()
    shown = page.get_by_test_id("setup-pole-command").inner_text()
    user, secret, topic = (
        re.findall(pattern, shown)[0] for pattern in (r"-u '(.+?)'", r"-P '(.+?)'", r"-t '(.+?)'")
    )
    assert "รอการกด" in page.get_by_test_id("office-main").inner_text()

    def press(n: int) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(user, secret)
        client.connect("127.0.0.1", beginning.mqtt_port)
        client.loop_start()
        body = json.dumps({"n": n, "at": datetime.now(UTC).isoformat(), "kind": "sos"})
        client.publish(topic, body, qos=1).wait_for_publish(30)
        client.disconnect()
        client.loop_stop()

    press(1)
    expect(page.get_by_test_id("setup-progress")).to_have_text("เสร็จ 3 จาก 6")
    return press


def two_operators(page: Page) -> str:
    """Two people are invited; the first takes the account up here, the link of the second is returned."""
    here, at, head = page.request, address_of(page), {"X-Safezone": "1"}
    links = []
    for login in ("somsri", "somsak", "somjai"):
        made = here.post(
            f"{at}/api/v1/admin/accounts", data={"login": login, "role": "operator"}, headers=head
        )
        assert made.ok, made.text()
        links.append(made.json()["link"])
    with httpx.Client(base_url=at) as others:
        for login, link in zip(("somsri", "somsak"), links, strict=False):
            token = link.split("token=")[1]
            taken = {"token": token, "login": login, "password": PASSWORD, "totp_secret": "", "totp_code": ""}
            answer = others.post("/api/v1/session/invitation/accept", json=taken)
            assert answer.is_success, answer.text
    third: str = links[2]
    return third if third.startswith("http") else f"{at}{third}"


def first_patrol(page: Page) -> None:
    """A patrol gets its call sign and signs on."""
    page.get_by_test_id("setup-patrol-call-sign").fill("หนองคาย 11")
    page.get_by_test_id("setup-patrol-add").click()
    page.get_by_test_id("setup-patrol-sign-on").click()


def test_the_page_that_founds_says_when_a_station_is_there(beginning: Beginning, new_page: NewPage) -> None:
    token = beginning.link().split("token=")[1]
    assert httpx.post(f"{beginning.url}/api/v1/founding", json={**GOOD, "token": token}).is_success
    eventually(lambda: httpx.get(f"{beginning.url}/livez").is_success, within_s=START_LIMIT_S)
    page = new_page(expected=["404"])
    page.goto(f"{beginning.url}/setup")
    expect(page.get_by_role("link", name="ไปหน้าเข้าสู่ระบบ")).to_be_visible()


def test_only_the_link_founds_and_what_cannot_be_is_said(beginning: Beginning) -> None:
    token = beginning.link().split("token=")[1]
    with httpx.Client(base_url=beginning.url) as asks:
        assert asks.get("/").headers["location"] == "/setup"
        assert asks.get("/api/v1/founding").json() == {"state": "no_station"}

        def found(**changed: object) -> httpx.Response:
            return asks.post("/api/v1/founding", json={**GOOD, "token": token, **changed})

        assert (found(token="made-up").status_code, found(token="made-up").json()["code"]) == (
            401,
            "bad_token",
        )
        for wrong in (
            {"station_id": "Nong Khai"},
            {"lat": 90.0},
            {"lon": 0.0, "lat": 0.0},
            {"lat": 1e300},
            {"name_th": "  "},
            {"side_m": 1},
            {"more": 1},
        ):
            answer = found(**wrong)
            assert answer.status_code in (400, 422), wrong
            assert answer.json()["words"]["th"], wrong
        assert asks.get("/api/v1/founding").is_success, "nothing was founded by any of it"
        entered = found().json()["enter"]
        eventually(lambda: asks.get("/livez").status_code == 200, within_s=START_LIMIT_S)
        link = {"token": entered.split("token=")[1]}
        assert asks.post("/api/v1/session", json=link).json()["code"] == "choose_password"
        assert asks.post("/api/v1/session/invitation", json=link).json()["role"] == "admin"
    assert "first-link" not in beginning.said()


def test_a_flood_of_made_up_links_is_held_up_and_the_right_one_is_not(beginning: Beginning) -> None:
    token = beginning.link().split("token=")[1]
    with httpx.Client(base_url=beginning.url) as asks:
        tried = [
            asks.post("/api/v1/founding", json={**GOOD, "token": f"no-{n}"}).status_code for n in range(60)
        ]
        assert set(tried) == {401, 429}
        assert asks.post("/api/v1/founding", json={**GOOD, "token": token}).is_success
