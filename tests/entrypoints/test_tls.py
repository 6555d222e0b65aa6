"""TLS with the station's own certificate: the web, the poles, and a certificate that is renewed while it runs."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import paho.mqtt.client as paho
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion

from safezone.core.errors import CannotStart
from safezone.core.settings import Settings, Web, load_settings
from safezone.entrypoints import tls
from safezone.entrypoints.tls import Certificate
from safezone.entrypoints.who import COOKIE
from tests.support.places import eventually
from tests.support.poles import hang_up
from tests.support.running import finish, running
from tests.support.station import RunningStation


class Authority:
    """A certificate authority, and a certificate of it in two files."""

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.file = folder / "ca.pem"
        self.certificate_file, self.key_file = folder / "station.pem", folder / "station.key"
        own = self._sign(self.name, self.key.public_key(), is_authority=True)
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))
        self.renew()

    def renew(self) -> int:
        """Another certificate and key lie in the files; returns its serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]),
            key.public_key(),
            is_authority=False,
        )
        self.certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made.serial_number

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
        )
        return builder.sign(self.key, hashes.SHA256())

    @property
    def web(self) -> Web:
        return Web(tls_certificate_file=str(self.certificate_file), tls_key_file=str(self.key_file))

    def context(self) -> ssl.SSLContext:
        """As a browser or a pole that knows the authority."""
        return ssl.create_default_context(cafile=str(self.file))

    def serial_at(self, port: int) -> int:
        """The serial number of the certificate that is shown at this port to somebody new; 0 where nothing is shown now."""
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
                self.context().wrap_socket(plain, server_hostname="127.0.0.1") as line,
            ):
                shown = line.getpeercert(binary_form=True)
        except OSError:
            return 0
        assert shown is not None
        return x509.load_der_x509_certificate(shown).serial_number


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def station(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningStation]:
    monkeypatch.setattr(tls, "LOOK_EVERY_S", 0.05)
    station = RunningStation(tmp_path / "data", Settings(web=authority.web))
    yield station
    station.close()


@pytest.fixture
def browser(station: RunningStation, authority: Authority) -> Iterator[httpx.Client]:
    url = f"https://127.0.0.1:{station.port}"
    ours = {"X-Safezone": "1"}
    with httpx.Client(
        base_url=url, verify=authority.context(), headers=ours, trust_env=False, timeout=60
    ) as client:
        yield client


def test_the_web_answers_by_tls_and_its_cookie_keeps_to_it(
    station: RunningStation, browser: httpx.Client
) -> None:
    opened = browser.post("/api/v1/session", json={"token": station.tokens["operator"]})
    assert opened.status_code == 201
    assert SimpleCookie(opened.headers["set-cookie"])[COOKIE]["secure"] is True
    assert opened.headers["strict-transport-security"] == "max-age=31536000"
    assert browser.get("/api/v1/session").json()["name"] == "operator"
    assert browser.post("/api/v1/reports", json={"kind": "sos"}).status_code == 201
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{station.port}/healthz", trust_env=False, timeout=60)


def test_nothing_older_than_tls_1_2_is_spoken(station: RunningStation, authority: Authority) -> None:
    old = authority.context()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", station.port), timeout=60) as plain,
        pytest.raises(ssl.SSLError),
    ):
        old.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_renewed_certificate_is_shown_and_the_feed_goes_on(
    station: RunningStation, browser: httpx.Client, authority: Authority
) -> None:
    bearer = {"Authorization": f"Bearer {station.tokens['operator']}"}
    with browser.stream("GET", "/api/v1/live", headers=bearer) as feed:
        said = feed.iter_raw()
        assert next(said)
        before = authority.serial_at(station.port)
        renewed = authority.renew()
        eventually(lambda: authority.serial_at(station.port) == renewed)
        assert before != renewed
        assert browser.post("/api/v1/reports", json={"kind": "sos"}).status_code == 201
        heard = b""
        while b"event: change" not in heard:
            heard += next(said)


def test_half_a_certificate_is_told_about_and_the_old_one_stays(
    station: RunningStation, browser: httpx.Client, authority: Authority
) -> None:
    before, key = authority.serial_at(station.port), authority.key_file.read_bytes()
    renewed = authority.renew()
    new_key = authority.key_file.read_bytes()
    authority.key_file.write_bytes(key)
    # Told about, whether the half came before or after the whole new pair was taken for a moment.
    eventually(lambda: "station.pem" in browser.get("/readyz").text)
    assert authority.serial_at(station.port) in (before, renewed)
    authority.key_file.write_bytes(new_key)
    eventually(lambda: "station.pem" not in browser.get("/readyz").text)
    assert authority.serial_at(station.port) == renewed


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[web]\ntls_certificate_file = 'a.pem'", "tls_key_file"),
        ("[broker]\ntls = true", "tls_certificate_file"),
    ],
)
def test_half_of_the_settings_is_refused(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "safezone.toml").write_text(text, "utf-8")
    with pytest.raises(CannotStart, match=named):
        load_settings(tmp_path / "safezone.toml")


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path, authority: Authority) -> None:
    with pytest.raises(CannotStart, match=r"nowhere\.pem"):
        Certificate(str(tmp_path / "nowhere.pem"), str(authority.key_file))
    certificate = authority.certificate_file.read_bytes()
    authority.renew()
    authority.certificate_file.write_bytes(certificate)
    with pytest.raises(CannotStart, match=r"station\.pem"):
        Certificate(str(authority.certificate_file), str(authority.key_file))


# ── the poles ──


def test_poles_come_by_tls_alone_and_see_the_renewed_certificate(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    files = f"tls_certificate_file = '{authority.certificate_file}'\ntls_key_file = '{authority.key_file}'\n"
    with running(tmp_path / "data", settings=f"[web]\n{files}[broker]\ntls = true\n") as whole:
        assert whole.url.startswith("https://")
        assert eventually(lambda: whole.readiness().status_code == 200)
        heard, listening = list[bytes](), threading.Event()
        pole = paho.Client(CallbackAPIVersion.VERSION2, client_id="by-tls", clean_session=False)
        pole.username_pw_set(*whole.poles["sos-03"])
        pole.tls_set_context(authority.context())
        topic = f"safezone/{whole.id}/sos/sos-03"
        pole.on_connect = lambda client, *_: client.subscribe(f"{topic}/receipt", qos=1)
        pole.on_subscribe = lambda *_: listening.set()
        pole.on_message = lambda _, __, message: heard.append(bytes(message.payload))
        pole.connect("127.0.0.1", whole.mqtt_port)
        pole.loop_start()
        assert listening.wait(60)
        pole.publish(
            f"{topic}/press", json.dumps({"n": 1, "at": "2026-11-20T12:00:00Z", "kind": "sos"}), qos=1
        )
        eventually(lambda: heard)
        assert json.loads(heard[0])["status"] == "stored"

        with monkeypatch.context() as a_shell:
            a_shell.delenv("SSL_CERT_FILE")  # Nobody has told the machine about this authority.
            said = finish(["doctor", "--data", str(whole.data), "--json"]).stdout
        program = next(each for each in json.loads(said) if each["name"] == "program")
        assert program["verdict"] == "ok", "its own certificate is no reason to say that it does not answer"

        with socket.create_connection(("127.0.0.1", whole.mqtt_port), timeout=60) as plain:
            plain.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04pole")
            assert plain.recv(4) in (b"", b"\x15\x03\x03\x00", b"\x15\x03\x01\x00"), (
                "nobody is let in without TLS"
            )

        renewed = authority.renew()
        eventually(lambda: authority.serial_at(whole.mqtt_port) == renewed)
        pole.publish(
            f"{topic}/press", json.dumps({"n": 2, "at": "2026-11-20T12:00:05Z", "kind": "sos"}), qos=1
        )
        eventually(lambda: len(heard) == 2)
        assert whole.readiness().status_code == 200
        hang_up(pole)
