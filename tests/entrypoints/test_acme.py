"""A certificate that the program gets itself: from a real authority, over real connections, by a clock that is moved."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509

from safezone.core.certificate_settings import Acme
from safezone.core.clock import ManualClock
from safezone.core.errors import CannotStart
from safezone.core.settings import Settings, Web, load_settings
from safezone.entrypoints.acme.answering import CHALLENGES, Answering
from safezone.entrypoints.acme.folder import AcmeFolder, life_of
from safezone.entrypoints.acme.keeping import CertificateKeeper
from safezone.entrypoints.acme.standing import standing_of
from tests.support.authority import AcmeAuthority
from tests.support.places import free_port
from tests.support.running import finish

NAME = "zone.example.test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeAuthority]:
    with AcmeAuthority(tmp_path_factory.mktemp("acme"), free_port()) as authority:
        yield authority


class Side:
    """The station's side of it: settings, folder, clock and the door on port 80."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.folder = AcmeFolder(path / "acme")
        self.clock = ManualClock(datetime.now(UTC))
        self.settings = self.read(text)
        self.door = Answering(self.settings)
        self.folder.prepare(self.settings.acme.domains)

    def read(self, text: str) -> Settings:
        (self.path / "safezone.toml").write_text(text, "utf-8")
        self.settings = load_settings(self.path / "safezone.toml")
        return self.settings

    async def turn(self) -> bool:
        """As a program that has just started does it: nothing is remembered but what is on disk."""
        keeper = CertificateKeeper(self.settings.acme, self.folder, self.clock, self.door)
        return await asyncio.to_thread(keeper.turn)

    @property
    def serial(self) -> int:
        return life_of(self.folder.certificate_file).serial

    def why(self) -> str:
        kept = self.folder.load()
        found = standing_of(life_of(self.folder.certificate_file), self.clock.now(), kept)
        assert found.reason is not None
        return str(found.reason)


@pytest.fixture
async def side(tmp_path: Path, authority: AcmeAuthority) -> AsyncIterator[Side]:
    side = Side(tmp_path, authority.section(NAME, "sos.example.test"))
    await side.door.start()
    yield side
    await side.door.stop()


async def test_a_certificate_is_got_and_renewed_when_the_clock_says_so(
    side: Side, authority: AcmeAuthority
) -> None:
    assert life_of(side.folder.certificate_file).is_self_made
    before = authority.log.count("badNonce")
    assert await side.turn()
    assert authority.log.count("badNonce") > before, "the authority forgot some, and it went on"
    life = life_of(side.folder.certificate_file)
    assert life.names == {NAME, "sos.example.test"}
    assert is_believed(side.folder.certificate_file, authority)
    for name in ("certificate.pem", "account.key", "account.json", "state.json"):
        assert stat.S_IMODE((side.folder.path / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(side.folder.path.stat().st_mode) == 0o700

    first, account = side.serial, side.folder.account_file.read_bytes()
    assert not await side.turn(), "it is not asked for again"
    side.clock.advance(55 * 86_400)
    assert not await side.turn()
    suggested = side.folder.load().suggested
    assert suggested is not None
    assert suggested.at is not None, "this authority says when (ARI)"
    side.clock.advance(27 * 86_400)
    assert await side.turn()
    assert side.serial != first
    assert side.folder.account_file.read_bytes() == account


def is_believed(file: Path, authority: AcmeAuthority) -> bool:
    """Whether a client that trusts this authority alone verifies the certificate in the file for our name."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(file)
    server, client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = shown.wrap_bio(client, server, server_side=True)
    theirs = authority.context().wrap_bio(server, client, server_hostname=NAME)
    for _ in range(4):
        for each in (theirs, ours):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return theirs.getpeercert() is not None


async def test_an_authority_that_is_away_is_asked_again_later_and_the_reason_is_said(
    side: Side, authority: AcmeAuthority
) -> None:
    side.read(authority.section(NAME, directory_url=f"https://localhost:{free_port()}/directory"))
    assert not await side.turn()
    kept = side.folder.load()
    assert (kept.tried.failures, kept.tried.reached) == (1, False)
    assert kept.next_at == side.clock.now() + timedelta(minutes=1)
    assert "ไม่ตอบ" in side.why()
    assert "Connection refused" in side.why()
    side.clock.advance(59)
    assert not await side.turn()
    assert side.folder.load().tried.failures == 1, "also a program that was started again waits"
    side.clock.advance(2)
    assert not await side.turn()
    assert side.folder.load().tried.failures == 2
    side.read(authority.section(NAME))
    assert await side.turn(), "other settings: there is no reason to wait"
    assert side.folder.load().tried.failures == 0


async def test_a_name_that_does_not_lead_here_is_told_and_counted(side: Side) -> None:
    await side.door.stop()
    assert not await side.turn()
    kept = side.folder.load()
    assert (kept.tried.failures, kept.tried.reached) == (1, True)
    assert kept.next_at == side.clock.now() + timedelta(minutes=10)
    assert "port 80" in side.why()
    assert NAME in side.why()
    assert not await side.turn()
    assert side.folder.load().tried.failures == 1
    side.folder.wish_file.touch()
    assert not await side.turn()
    assert side.folder.load().tried.failures == 2, "`safezone certificate --renew` does not wait"
    assert not side.folder.wish_file.exists()


async def test_an_order_that_was_broken_off_counts(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(side.door, "show", power_cut)
    keeper = CertificateKeeper(side.settings.acme, side.folder, side.clock, side.door)
    with pytest.raises(KeyboardInterrupt):
        keeper.turn()
    assert side.folder.load().tried.failures == 1
    assert not await side.turn()


async def test_a_directory_that_is_not_trusted_is_not_used(side: Side, authority: AcmeAuthority) -> None:
    side.read(authority.section(NAME, directory_ca_file=str(authority.root_file)))
    assert not await side.turn()
    assert "directory_ca_file" in side.why()


async def test_nobody_but_the_directory_is_asked(side: Side, authority: AcmeAuthority) -> None:
    asked = list[str]()

    class Elsewhere(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

    class Misleading(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            inside = f"https://localhost:{other.server_port}"
            names = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
            body = json.dumps({name: f"{inside}/{name}" for name in names}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.folder / "tls.pem")
    other, directory = HTTPServer(("127.0.0.1", 0), Elsewhere), HTTPServer(("127.0.0.1", 0), Misleading)
    for server in (other, directory):
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    side.read(authority.section(NAME, directory_url=f"https://localhost:{directory.server_port}/directory"))
    assert not await side.turn()
    assert "not of the directory's host" in side.why()
    assert asked == []
    for server in (other, directory):
        server.shutdown()
        server.server_close()


# ── the door on port 80 ──


def door() -> Answering:
    return Answering(Settings(acme=Acme(domains=(NAME, "sos.example.test"), terms_agreed=True)))


def said(answering: Answering, request: str, host: str = NAME) -> tuple[str, str]:
    """The status line and where it leads, or what it says."""
    answer = answering.answer(f"{request} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1")).decode("ascii")
    head, _, body = answer.partition("\r\n\r\n")
    leads = [line.removeprefix("Location: ") for line in head.split("\r\n") if line.startswith("Location")]
    return head.split("\r\n")[0].removeprefix("HTTP/1.1 "), leads[0] if leads else body


def test_the_door_answers_the_authority_and_sends_everybody_else_to_https() -> None:
    answering = door()
    answering.show("token", "token.thumbprint")
    assert said(answering, f"GET {CHALLENGES}token") == ("200 OK", "token.thumbprint")
    assert said(answering, f"HEAD {CHALLENGES}token") == ("200 OK", "")
    assert said(answering, f"GET {CHALLENGES}other")[0] == "404 Not Found"
    answering.hide_all()
    assert said(answering, f"GET {CHALLENGES}token")[0] == "404 Not Found"
    to = said(answering, "GET /console?a=1", "sos.example.test:80")
    assert to == ("307 Temporary Redirect", "https://sos.example.test:8700/console?a=1")


@pytest.mark.parametrize("host", ["evil.example", "", "zone.example.test.evil.example", "x\r\nLocation: y"])
def test_the_door_leads_to_nobody_else(host: str) -> None:
    assert said(door(), "GET //evil.example/x", host)[1] == f"https://{NAME}:8700//evil.example/x"


@pytest.mark.parametrize("request_line", ["GET http://evil.example/", "GET", "", "GET /\x00", "GET /é"])
def test_the_door_repeats_nothing_that_is_no_path(request_line: str) -> None:
    assert said(door(), request_line)[0] == "400 Bad Request"


def test_the_door_leads_to_the_public_address_where_there_is_one() -> None:
    settings = Settings(web=Web(public_url=f"https://{NAME}"), acme=Acme(domains=(NAME,), terms_agreed=True))
    assert said(Answering(settings, 8700), "GET /x")[1] == f"https://{NAME}/x"


async def test_a_connection_that_says_nothing_holds_nobody_up(side: Side) -> None:
    port = side.settings.acme.challenge_port
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: zone.example.test\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 307")
    writer.write(b"")
    for _, each in (*silent, (reader, writer)):
        each.close()


async def test_a_head_without_an_end_is_cut_off(side: Side) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", side.settings.acme.challenge_port)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000)
    with pytest.raises((ConnectionError, EOFError)):
        await asyncio.gather(writer.drain(), reader.readexactly(1))
    writer.close()


def test_a_port_that_is_taken_is_said_in_both_languages(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = f'[acme]\ndomains = ["{NAME}"]\nterms_agreed = true\nchallenge_port = {port}\n'
        (tmp_path / "safezone.toml").write_text(text, "utf-8")
        ports = ("--port", str(free_port()), "--mqtt-port", str(free_port()))
        ended = finish(["demo", "--no-simulation", "--data", str(tmp_path), *ports])
    assert ended.returncode == 78
    assert f"Cannot listen on port {port} of 127.0.0.1" in ended.stderr
    assert f"เปิดพอร์ต {port} ที่ 127.0.0.1 ไม่ได้" in ended.stderr


def test_a_port_that_needs_a_permission_says_which() -> None:
    from safezone.entrypoints.acme import answering

    words = answering._cannot_listen("0.0.0.0", 80, PermissionError(13, "Permission denied"))  # noqa: S104
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in words.en
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in words.th


# ── settings ──

ON = 'domains = ["zone.example.test"]\nterms_agreed = true\n'


@pytest.mark.parametrize(
    ("text", "en", "th"),
    [
        ("[acme]\nterms_agreed = true", "needs domains", "ต้องมี domains"),
        ('[acme]\ndomains = ["zone.example.test"]', "terms_agreed = true", "อ่านข้อกำหนด"),
        ('[acme]\ndomains = ["*.example.test"]\nterms_agreed = true', "without *", "ไม่มี *"),
        ('[acme]\ndomains = ["10.1.2.3"]\nterms_agreed = true', "no IP address", "เลข IP"),
        ('[acme]\ndomains = ["Zone.example.test"]\nterms_agreed = true', "small letters", "ตัวพิมพ์เล็ก"),
        (f'[acme]\n{ON}directory_url = "http://ca.example"', "begins with https://", "ขึ้นต้นด้วย https://"),
        (f'[acme]\n{ON}eab_key_id = "x"', "both or not at all", "ต้องมีทั้งคู่"),
        (
            f"[web]\ntls_certificate_file = 'a'\ntls_key_file = 'b'\n[acme]\n{ON}",
            "one or the other",
            "อย่างใดอย่างหนึ่ง",
        ),
        (
            f"[web]\nbehind_tls_proxy = true\ntrusted_proxies = ['127.0.0.1']\n[acme]\n{ON}",
            "the proxy gets",
            "ให้พร็อกซีขอ",
        ),
        (f"[web]\npublic_url = 'https://other.example'\n[acme]\n{ON}", "would not believe", "จะไม่เชื่อ"),
        (f"[web]\nport = 80\n[acme]\n{ON}", "are the same", "เป็นเลขเดียวกัน"),
    ],
)
def test_settings_that_contradict_themselves_are_refused_in_both_languages(
    tmp_path: Path, text: str, en: str, th: str
) -> None:
    (tmp_path / "safezone.toml").write_text(text, "utf-8")
    with pytest.raises(CannotStart) as refused:
        load_settings(tmp_path / "safezone.toml")
    assert en in refused.value.words.en
    assert th in refused.value.words.th


def test_a_station_does_not_start_with_settings_that_contradict_themselves(tmp_path: Path) -> None:
    (tmp_path / "safezone.toml").write_text('[acme]\ndomains = ["zone.example.test"]\n', "utf-8")
    ended = finish(["demo", "--data", str(tmp_path)])
    assert ended.returncode == 78
    assert "terms_agreed = true" in ended.stderr


def test_what_was_self_made_for_other_names_is_made_anew(tmp_path: Path) -> None:
    folder = AcmeFolder(tmp_path / "acme")
    folder.prepare((NAME,))
    first = folder.certificate_file.read_bytes()
    folder.prepare((NAME,))
    assert folder.certificate_file.read_bytes() == first
    folder.prepare(("sos.example.test",))
    assert life_of(folder.certificate_file).names == {"sos.example.test"}
    assert x509.load_pem_x509_certificate(folder.certificate_file.read_bytes()).subject
