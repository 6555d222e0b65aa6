"""No secret that comes through a door stands in anything that the station prints or keeps."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from safezone.entrypoints import mqtt_wire as wire
from safezone.entrypoints.who import COOKIE
from tests.support.engines import read_files
from tests.support.feed import Feed
from tests.support.places import eventually
from tests.support.running import Station, running

SAID = "ผู้แจ้งบอกเป็นความลับ"
PHONE = "0000000123"


@pytest.fixture(scope="module", params=["text", "json"])
def station(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    settings = f'[log]\nformat = "{request.param}"\nlevel = "debug"\n'
    with running(tmp_path_factory.mktemp("secrets") / "data", settings=settings) as station:
        yield station


def issue(station: Station, **asked: str) -> str:
    body = {"sort": "token", "role": "operator", "name": "somebody", **asked}
    secret: str = station.ask("POST", "/admin/credentials", body, who="admin").json()["secret"]
    return secret


def sign_in_to_broker(station: Station, username: str, password: str) -> int:
    """The broker's answer to this login."""
    with socket.create_connection(("127.0.0.1", station.mqtt_port), timeout=60) as line:
        line.sendall(wire.connect("a-pole", username, password, clean=True, keepalive_s=5))
        reply = line.recv(4)
    return reply[3] if len(reply) == 4 else -1


def test_what_comes_through_the_doors_stays_out_of_logs_and_files(station: Station) -> None:
    token, link = issue(station), issue(station, sort="one_time_link", role="supervisor")
    unit = issue(station, role="unit", name="car-1", unit_id="car-1")
    pole = issue(station, sort="device", role="sos_point", name="sos-03", point_id="sos-03")
    username = station.poles["sos-03"].username
    eventually(lambda: sign_in_to_broker(station, username, pole) == 0)
    sign_in_to_broker(station, username, "wrong-" + pole)
    secrets = {"token": token, "link": link, "unit": unit, "pole": pole}
    with httpx.Client(
        base_url=station.url, headers={"X-Safezone": "1"}, trust_env=False, timeout=60
    ) as browser:
        for secret in (token, link):
            opened = browser.post("/api/v1/session", json={"token": secret})
            assert opened.status_code == 201
            secrets[f"session of {secret[:4]}"] = opened.cookies[COOKIE]
            browser.post("/api/v1/session", content=f'{{"token": "{secret}", "more"')
            browser.get("/api/v1/admin/credentials")
            browser.get("/api/v1/incidents", params={"before": secret, "token": secret})
            browser.get(f"/api/v1/incidents/{secret}")
            browser.get(f"/enter?token={secret}")
            browser.get("/nowhere", headers={"Authorization": f"Basic {secret}"})
        browser.get("/osmand", params={"id": unit, "lat": "here"})
        browser.post("/osmand", content=unit)
        report = {"kind": "other", "text": SAID, "reporter": {"name": SAID, "phone": PHONE}}
        assert browser.post("/api/v1/reports", json=report).status_code == 201
        assert browser.post("/api/v1/reports", json={**report, "more": 1}).status_code == 422
        browser.delete("/api/v1/session")
    httpx.get(f"{station.url}/api/v1/incidents/{token}", trust_env=False, timeout=60)
    with Feed(station.url, token) as feed:
        assert feed.next()
    secrets |= {"what was said": SAID, "telephone": PHONE}
    files = read_files([station.log, *station.data.rglob("*")])
    assert any("access-" in file.name for file in files)
    assert any(file.name == "broker.log" for file in files)
    for file, content in files.items():
        for name, secret in secrets.items():
            assert secret.encode() not in content, f"{name} stands in {file.name}"
