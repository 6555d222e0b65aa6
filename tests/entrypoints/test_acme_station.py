"""A whole station of several processes that gets its certificate itself, while the authority is away, and when it is there."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import psutil
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion

from safezone.entrypoints.acme.folder import AcmeFolder
from safezone.entrypoints.doctor import examine
from safezone.entrypoints.house import DataFolder
from tests.support.authority import AcmeAuthority
from tests.support.places import eventually, free_port
from tests.support.running import Station, finish, running

NAME = "zone.example.test"


def shown(port: int, context: ssl.SSLContext) -> int:
    """The serial number of what somebody new is shown; an OSError when this context does not believe it."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as line,
    ):
        found = line.getpeercert(binary_form=True)
    assert found is not None
    return x509.load_der_x509_certificate(found).serial_number


def anything() -> ssl.SSLContext:
    """As somebody who clicks the warning away."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Browser(httpx.Client):
    """One that knows the station by its name."""

    def __init__(self, station: Station, context: ssl.SSLContext) -> None:
        super().__init__(base_url=station.url, verify=context, trust_env=False, timeout=30)

    def request(self, method: str, url: Any, **more: Any) -> httpx.Response:
        return super().request(method, url, **{**more, "extensions": {"sni_hostname": NAME}})

    def part(self) -> dict[str, Any]:
        """How the certificate is."""
        found: dict[str, Any] = self.get("/readyz").json()["parts"]["certificate"]
        return found


def pole_at(station: Station, heard: list[bytes], left: list[int]) -> paho.Client:
    """A pole that is connected by TLS and hears its receipts; `left` says whether it was ever cut off."""
    listening = threading.Event()
    pole = paho.Client(CallbackAPIVersion.VERSION2, client_id="through-it-all", clean_session=False)
    pole.username_pw_set(*station.poles["sos-03"])
    pole.tls_set_context(anything())
    pole.on_connect = lambda client, *_: client.subscribe(f"safezone/{station.id}/sos/sos-03/receipt", qos=1)
    pole.on_subscribe = lambda *_: listening.set()
    pole.on_disconnect = lambda *_: left.append(1)
    pole.on_message = lambda _, __, message: heard.append(bytes(message.payload))
    pole.connect("127.0.0.1", station.mqtt_port)
    pole.loop_start()
    assert listening.wait(60)
    return pole


def press(pole: paho.Client, station: Station, number: int, heard: list[bytes]) -> None:
    said = {"n": number, "at": f"2026-11-20T12:00:{number:02d}Z", "kind": "sos"}
    pole.publish(f"safezone/{station.id}/sos/sos-03/press", json.dumps(said), qos=1)
    eventually(lambda: any(json.loads(each)["n"] == number for each in heard), within_s=60)


def test_from_the_first_start_without_the_authority_to_the_certificate(tmp_path: Path) -> None:
    authority = AcmeAuthority(tmp_path, free_port())
    settings = f"{authority.section(NAME)}[broker]\ntls = true\n"
    data = tmp_path / "data"
    words = ("--separate", "--web-processes", "2")
    try:
        with running(data, settings=settings, words=words) as station:
            assert f"https://{NAME}:{station.url.rpartition(':')[2]}/enter#token=" in station.said()
            # Up at once, by TLS, and honest about it: there is no authority yet.
            with Browser(station, anything()) as browser:
                part = eventually(lambda: (p := browser.part())["figures"]["failures"] and p, within_s=60)
                assert part["state"] == "degraded"
                assert "ทำเองชั่วคราว" in part["reason"]["th"]
                assert "does not answer" in part["reason"]["en"]
                assert "safezone_certificate_days_left 39" in browser.get("/metrics").text
            heard, left = list[bytes](), list[int]()
            pole = pole_at(station, heard, left)
            press(pole, station, 1, heard)
            pids = station.children()
            bearer = {"Authorization": f"Bearer {station.tokens['operator']}"}
            authority.start()
            with (
                Browser(station, anything()) as screen,
                screen.stream("GET", "/api/v1/live", headers=bearer) as feed,
            ):
                said = feed.iter_raw()
                assert next(said)
                wait_for_the_new_one(station, authority, data)
                press(pole, station, 2, heard)
                read = b""
                while b"event: change" not in read:
                    read += next(said)
            assert not left, "the pole was never cut off"
            assert station.children() == pids, "and nothing was started again"
            with Browser(station, authority.context()) as browser:
                assert browser.part()["state"] == "ok"
            assert authority.log.count('POST /acme/neworders HTTP/1.1" 201') == 1, (
                "one process asks, and asks once"
            )
            looked_at = {each.name: each.verdict for each in examine(DataFolder(data))}
            assert (looked_at["acme"], looked_at["running.certificate"]) == ("ok", "ok")
            assert psutil.pid_exists(station.children()["certificate"])
            redirected = httpx.get(
                f"http://127.0.0.1:{authority.challenge_port}/console",
                timeout=60,
                headers={"Host": NAME},
                trust_env=False,
            )
            assert (
                redirected.headers["location"] == f"https://{NAME}:{station.url.rpartition(':')[2]}/console"
            )
            pole.disconnect()
            pole.loop_stop()
            pole.on_connect = pole.on_subscribe = pole.on_message = pole.on_disconnect = None
    finally:
        authority.stop()


def wait_for_the_new_one(station: Station, authority: AcmeAuthority, data: Path) -> None:
    """A certificate was asked for by the command, and every process shows it: both of the web, and the broker."""
    assert finish(["certificate", "--data", str(data), "--renew"]).returncode == 0
    eventually(lambda: AcmeFolder(data / "acme").load().obtained_at, within_s=120)
    pem = (data / "acme" / "certificate.pem").read_bytes()
    serial = x509.load_pem_x509_certificates(pem)[0].serial_number
    ports = int(station.url.rpartition(":")[2]), station.mqtt_port

    def everywhere() -> bool:
        try:
            return all(shown(port, authority.context()) == serial for port in ports for _ in range(8))
        except ssl.SSLError:
            return False

    eventually(everywhere, within_s=60, every_s=0.3)
