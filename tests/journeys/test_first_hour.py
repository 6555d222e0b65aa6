"""The first hour: from an empty folder to a station that answers, in the browser, with nobody editing files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.browser import NewPage
from tests.support.places import eventually, free_port
from tests.support.running import START_LIMIT_S, start


class Beginning:
    """`safezone up` in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "up.log"
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rsplit(":", 1)[1]
        self.process = start(
            ["up", "--data", str(folder / "data"), "--port", port, "--mqtt-port", str(free_port())], self.log
        )

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


NAME_TH, NAME_EN = "สภ.เมืองหนองคาย", "Mueang Nong Khai Police Station"
GOOD = {
    "station_id": "nong-khai",
    "name_th": NAME_TH,
    "name_en": NAME_EN,
    "lon": 102.74,
    "lat": 17.88,
}


def test_a_station_is_founded_in_the_browser(beginning: Beginning, new_page: NewPage) -> None:
    page = new_page(expected=["401", "404"])
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
    # The station has taken over the same address, and its first administrator comes in by the link that founded it.
    page.wait_for_url(lambda url: "/setup" not in url)
    eventually(lambda: httpx.get(f"{beginning.url}/readyz").is_success, within_s=START_LIMIT_S)
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
        signed_in = asks.post("/api/v1/session", json={"token": entered.split("token=")[1]})
        assert (signed_in.status_code, signed_in.json()["role"]) == (201, "admin")
        zone = asks.get("/api/v1/zone").json()
        assert {each["properties"]["layer"] for each in zone["features"]} == {"boundary"}
    assert "first-link" not in beginning.said()


def test_a_flood_of_made_up_links_is_held_up_and_the_right_one_is_not(beginning: Beginning) -> None:
    token = beginning.link().split("token=")[1]
    with httpx.Client(base_url=beginning.url) as asks:
        tried = [
            asks.post("/api/v1/founding", json={**GOOD, "token": f"no-{n}"}).status_code for n in range(60)
        ]
        assert set(tried) == {401, 429}
        assert asks.post("/api/v1/founding", json={**GOOD, "token": token}).is_success
