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
from playwright.sync_api import expect

from safezone.core.accounts import rules
from safezone.entrypoints.http import BAD_SIGN_INS_AT_ONCE, BAD_SIGN_INS_PER_S
from tests.journeys.newcomer import Effort, Newcomer
from tests.support.browser import NewPage
from tests.support.places import eventually, free_port
from tests.support.poles import hang_up
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
        self.process.wait(60)


@pytest.fixture
def beginning(tmp_path: Path) -> Iterator[Beginning]:
    found = Beginning(tmp_path)
    yield found
    found.end()


RECIPE = Path(__file__).parents[2] / "docs" / "2-recipes" / "first-hour.md"
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
    effort = Effort()
    chief = Newcomer(new_page(width_px=1366, height_px=768, expected=["401", "403", "404"]), effort)
    found_in_the_browser(chief, beginning)
    first_administrator(chief)
    chief.page.wait_for_url("**/office/setup")
    done(chief, 1)
    draw_the_zone(chief)
    done(chief, 2)
    press = first_pole(chief, beginning)
    done(chief, 3)
    chief.press(chief.page.get_by_role("link", name="ไปหน้าผู้ใช้"))
    invited = [invite(chief, login, "operator") for login in ("somsri", "somsak")]
    operators = [take_up(new_page, effort, link) for link in invited]
    back_to_the_first_hour(chief)
    done(chief, 4)
    first_patrol(chief)
    done(chief, 5)
    by_the_menu(chief, "ผู้ใช้")
    patrol = take_up(new_page, effort, invite(chief, "moto-11", "unit", unit="unit-1"))
    expect(patrol.get("enter-not-here")).to_contain_text("บัญชีใช้ได้แล้ว")
    by_the_menu(chief, "ชั่วโมงแรก")

    operator = operators[0]
    expect(operator.get("queue-item")).to_have_count(1)
    press(2)
    operator.press(operator.get("queue-item").first)
    operator.press("ack-button")
    done(chief, 6)
    expect(chief.page.get_by_text("สถานีพร้อมทำงาน")).to_be_visible()
    the_recipe_says(effort)


def done(chief: Newcomer, steps: int) -> None:
    """So many of the six steps have happened."""
    expect(chief.get("setup-progress")).to_have_text(f"เสร็จ {steps} จาก 6")


def the_recipe_says(effort: Effort) -> None:
    """The figures in the recipe are those of this journey."""
    said = RECIPE.read_text("utf-8")
    row = f"| {effort.clicks} | {effort.fields} | {effort.keys} | {effort.pages} | {effort.minutes():.1f} minutes |"
    assert row in said, f"{RECIPE.name} says otherwise than: {row}"


def found_in_the_browser(chief: Newcomer, beginning: Beginning) -> None:
    """The form that the printed link opens; afterwards the station has taken over the same address."""
    chief.open(beginning.link())
    expect(chief.get("founding-button")).to_be_disabled()
    assert "token" not in chief.page.url, "the link must not stay in the history"
    chief.type("founding-name-th", NAME_TH)
    chief.type("founding-name-en", NAME_EN)
    expect(chief.get("founding-id")).to_have_value("nong-khai")
    chief.type("founding-place", "102.74, 17.88")
    expect(chief.get("founding-place-read")).to_contain_text("ละติจูด 17.88 ลองจิจูด 102.74")
    chief.press("founding-button")
    chief.page.wait_for_url(lambda url: "/setup" not in url)


def first_administrator(chief: Newcomer) -> None:
    """Whoever founded the station chooses a name, a password and an app."""
    chief.type("new-login", "chief.admin")
    chief.type("new-password", PASSWORD)
    raw = rules.totp_secret_bytes(chief.get("totp-secret").inner_text())
    assert raw
    chief.type("new-code", rules.totp_at(raw, int(time.time()) // 30))
    chief.press("invitation-finish")
    chief.press("codes-kept")


def draw_the_zone(chief: Newcomer) -> None:
    """Four corners on the map, the first once more, why, and it is saved."""
    chief.press(chief.page.get_by_role("link", name="ไปวาดพื้นที่"))
    chief.page.locator("[data-testid=zone-map][data-shown=true]").wait_for(state="attached")
    chief.press("ground-redraw")
    chief.press_map((0.3, 0.25), (0.72, 0.3), (0.68, 0.75), (0.28, 0.7), (0.3, 0.25))
    expect(chief.get("ground-measured")).to_be_visible()
    chief.type("ground-reason", "ตามมติที่ประชุม")
    chief.press("ground-save")
    expect(chief.get("ground-saved")).to_be_visible()
    chief.page.reload()
    back_to_the_first_hour(chief)


def back_to_the_first_hour(chief: Newcomer) -> None:
    """By the way back that a room offers to whoever was sent there, also after a reload."""
    chief.press("office-back")
    expect(chief.get("office-back")).to_have_count(0)


def by_the_menu(chief: Newcomer, room: str) -> None:
    """Whoever comes by the menu at the left was not sent by anybody."""
    chief.press(chief.get("office-room").filter(has_text=room))
    expect(chief.get("office-back")).to_have_count(0)


def first_pole(chief: Newcomer, beginning: Beginning) -> Callable[[int], None]:
    """A pole is registered, set up with what the page shows, and pressed; returns how to press it again."""
    chief.type("setup-pole-name", "หน้าตลาดท่าเสด็จ")
    chief.type("setup-pole-place", "17.8801, 102.7405")
    chief.press("setup-pole-add")
    shown = chief.get("setup-pole-command").inner_text()
    user, secret, topic = (
        re.findall(pattern, shown)[0] for pattern in (r"-u '(.+?)'", r"-P '(.+?)'", r"-t '(.+?)'")
    )
    expect(chief.get("office-main")).to_contain_text("รอการกด")

    def press(n: int) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(user, secret)
        client.connect("127.0.0.1", beginning.mqtt_port)
        client.loop_start()
        eventually(client.is_connected)
        body = json.dumps({"n": n, "at": datetime.now(UTC).isoformat(), "kind": "sos"})
        client.publish(topic, body, qos=1).wait_for_publish(30)
        hang_up(client)

    press(1)
    return press


def invite(chief: Newcomer, login: str, role: str, unit: str = "") -> str:
    """An account for somebody; the link that is shown is copied for them."""
    chief.press("person-add")
    chief.type("person-login", login)
    if role != "operator":
        chief.press("person-role")
        chief.get("person-role").select_option(role)
        chief.type("person-unit", unit)
    chief.press("person-save")
    link = chief.get("invite-url").input_value()
    chief.press("invite-done")
    return link


def take_up(new_page: NewPage, effort: Effort, link: str) -> Newcomer:
    """They open their link in a browser of their own and choose a password."""
    person = Newcomer(new_page(width_px=1366, height_px=768, expected=["401", "403", "404"]), effort)
    person.open(link)
    person.type("new-password", PASSWORD)
    person.press("invitation-finish")
    expect(person.get("queue").or_(person.get("enter-not-here")).first).to_be_visible()
    return person


def first_patrol(chief: Newcomer) -> None:
    """A patrol gets its call sign and signs on."""
    chief.type("setup-patrol-call-sign", "หนองคาย 11")
    chief.press("setup-patrol-add")
    chief.press("setup-patrol-sign-on")


def test_the_page_that_founds_says_when_a_station_is_there(beginning: Beginning, new_page: NewPage) -> None:
    token = beginning.link().split("token=")[1]
    assert httpx.post(
        f"{beginning.url}/api/v1/founding", json={**GOOD, "token": token}, timeout=60
    ).is_success
    eventually(lambda: _answers(beginning.url), within_s=START_LIMIT_S)
    page = new_page(expected=["404"])
    page.goto(f"{beginning.url}/setup")
    expect(page.get_by_role("link", name="ไปหน้าเข้าสู่ระบบ")).to_be_visible()


def test_only_the_link_founds_and_what_cannot_be_is_said(beginning: Beginning) -> None:
    token = beginning.link().split("token=")[1]
    with httpx.Client(base_url=beginning.url, timeout=60) as asks:
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
        eventually(lambda: _answers(beginning.url), within_s=START_LIMIT_S)
    with httpx.Client(base_url=beginning.url, timeout=60) as asks:
        link = {"token": entered.split("token=")[1]}
        assert asks.post("/api/v1/session", json=link).json()["code"] == "choose_password"
        assert asks.post("/api/v1/session/invitation", json=link).json()["role"] == "admin"
    assert "first-link" not in beginning.said()


def test_a_flood_of_made_up_links_is_held_up_and_the_right_one_is_not(beginning: Beginning) -> None:
    token = beginning.link().split("token=")[1]
    with httpx.Client(base_url=beginning.url, timeout=60) as asks:
        began_s = time.monotonic()
        tried = [
            asks.post("/api/v1/founding", json={**GOOD, "token": f"no-{n}"}).status_code for n in range(60)
        ]
        assert set(tried) <= {401, 429}
        allowed = BAD_SIGN_INS_AT_ONCE + BAD_SIGN_INS_PER_S * (time.monotonic() - began_s)
        assert tried.count(401) <= allowed
        assert asks.post("/api/v1/founding", json={**GOOD, "token": token}).is_success


def _answers(url: str) -> bool:
    """Whether the station is there: it alone knows no founding. While the socket is handed over a connection may be cut."""
    try:
        return httpx.get(f"{url}/api/v1/founding", timeout=60).status_code == 404
    except httpx.TransportError:
        return False
