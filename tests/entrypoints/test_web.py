"""What every answer of the web carries, and what is refused before anybody looks at it."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest
from PIL import Image

from safezone.entrypoints.http import PAGES, WEB_DIST
from safezone.entrypoints.node_process import DEMO_TOKENS
from tests.support.feed import Feed
from tests.support.running import Station as WholeStation
from tests.support.running import demo
from tests.support.station import Api, RunningStation

__all__ = ["demo"]

built = pytest.mark.skipif(
    not (WEB_DIST / "index.html").exists(), reason="the web face is not built: run make web"
)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("web"))
    yield station
    station.close()


# ── headers ──


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/console", 200), ("GET", "/api/v1/incidents", 200), ("GET", "/api/v1/session", 200),
        ("GET", "/api/v1/admin/credentials", 403), ("GET", "/api/v1/incidents/nothing", 404),
        ("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/incidents", 405), ("POST", "/api/v1/reports", 422),
        ("GET", "/healthz", 200), ("GET", "/schema/openapi.json", 200), ("GET", "/osmand", 403),
    ],
)  # fmt: skip
def test_no_answer_is_kept_or_taken_for_something_else(
    method: str, path: str, status: int, station: RunningStation
) -> None:
    answer = station.api("operator").http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer", "a link's token must not travel on"
    assert "server" not in answer.headers
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in answer.headers, "nothing of this came by TLS"
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_may_be_kept_says_so_itself(station: RunningStation) -> None:
    fresh = station.api("operator").get("/api/v1/zone")
    assert fresh.headers["cache-control"] == "private, no-cache"
    again = station.api("operator").http.get("/api/v1/zone", headers={"If-None-Match": fresh.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert len(again.headers.get_list("cache-control")) == 1


def test_a_photo_is_only_a_photo(station: RunningStation) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (4, 4), "blue").save(drawn, "PNG")
    operator = station.api("operator")
    incident_id = operator.report("other")["incident_id"]
    assert (
        operator.http.post(f"/api/v1/incidents/{incident_id}/photos", content=drawn.getvalue()).status_code
        == 201
    )
    photo = operator.ask(f"/api/v1/incidents/{incident_id}")["photos"][0]
    answer = operator.get(photo["url"])
    assert answer.headers["content-type"] in ("image/png", "image/jpeg", "image/webp")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


# ── pages ──


class _Scripts(HTMLParser):
    """Everything in a page that would need a looser policy than the one it is sent with."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "script" and not named.get("src"):
            self.found.append("a script in the page")
        self.found += [f"{tag} {name}" for name in named if name.startswith("on")]
        elsewhere = [str(named[name]) for name in ("src", "href") if name in named]
        self.found += [address for address in elsewhere if re.match(r"[a-z]+:|//", address)]


@built
@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_but_ours(path: str, station: RunningStation) -> None:
    page = station.api("public").get(path)
    assert page.status_code == 200
    policy = dict(
        part.strip().split(" ", 1)
        for part in page.headers["content-security-policy"].split(";")
        if " " in part
    )
    assert {policy[kind] for kind in ("default-src", "base-uri", "form-action", "frame-ancestors")} == {
        "'none'"
    }
    assert {policy[kind] for kind in ("script-src", "style-src", "worker-src", "connect-src")} == {"'self'"}
    assert not re.search(r"unsafe|http|\*", page.headers["content-security-policy"])
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["x-frame-options"] == "DENY"
    assert "geolocation=()" in page.headers["permissions-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    scripts = _Scripts()
    scripts.feed(page.text)
    assert scripts.found == []


@built
def test_what_never_changes_is_kept_by_the_browser(station: RunningStation) -> None:
    name = next(file.name for file in (WEB_DIST / "assets").glob("*.js"))
    answer = station.api("public").get(f"/assets/{name}")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "javascript" in answer.headers["content-type"]
    assert "content-security-policy" not in answer.headers, "a map's worker would be bound by it"


@pytest.mark.parametrize(
    "path", ["/assets/../index.html", "/assets/%2e%2e/%2e%2e/http.py", "/assets//etc/passwd"]
)
def test_nothing_but_the_assets_is_served_as_one(path: str, station: RunningStation) -> None:
    answer = station.api("public").http.send(httpx.Request("GET", station.url + path))
    assert answer.status_code == 404 or path == "/assets/../index.html"
    assert "safezone" not in answer.text.lower() or answer.status_code != 200


# ── size ──


@pytest.mark.parametrize(
    "path", ["/api/v1/reports", "/api/v1/incidents/x/photos", "/osmand", "/api/v1/positions"]
)
@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_is_taken_at_once_is_refused(path: str, chunked: bool, station: RunningStation) -> None:
    most = station.settings.web.max_body_mib * 1024 * 1024
    pieces = (b" " * 65_536 for _ in range(most // 65_536 + 1))
    client = Api(station.url, station.tokens["car-1"])
    answer = client.http.post(
        path,
        content=pieces if chunked else b" " * (most + 65_536),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "request_entity_too_large")
    assert answer.json()["words"]["th"].startswith("ข้อมูลใหญ่เกินไป")
    client.http.close()


# ── compression ──


def test_long_answers_are_compressed_and_the_feed_is_not(station: RunningStation) -> None:
    operator = station.api("operator")
    long = operator.get("/api/v1/console")
    assert (long.headers["content-encoding"], long.json()["station"]["id"]) == ("gzip", "mdh")
    short = operator.get("/api/v1/session")
    assert "content-encoding" not in short.headers
    plain = operator.http.get("/api/v1/console", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json()["assets"] == long.json()["assets"]
    with Feed(station.url, station.tokens["operator"]) as feed:
        assert "content-encoding" not in feed.response.headers
        assert feed.response.headers["cache-control"] == "no-store"
        assert feed.next() is not None, "what is said is said at once"


# ── secrets ──


def test_no_token_stands_in_what_the_program_prints_or_keeps(demo: WholeStation) -> None:
    unit = next(name for name in demo.tokens if name not in DEMO_TOKENS)
    token, wrong = demo.tokens[unit], secrets.token_urlsafe(24)
    for said in (token, wrong):
        bearer = {"Authorization": f"Bearer {said}"}
        for query in ("lat=16.54&lon=104.72", "lat=here&lon=there", "timestamp=never", ""):
            httpx.get(f"{demo.url}/osmand?id={said}&{query}", trust_env=False, timeout=60)
            httpx.post(f"{demo.url}/osmand", content=f"id={said}&{query}", trust_env=False, timeout=60)
        body = {"device_id": said, "location": {"coords": {"latitude": "x", "longitude": 1}}}
        httpx.post(f"{demo.url}/osmand", json=body, trust_env=False, timeout=60)
        httpx.post(f"{demo.api}/session", content=f'{{"token":"{said}"', trust_env=False, timeout=60)
        httpx.post(f"{demo.api}/session", json={"token": said, "and": "more"}, trust_env=False, timeout=60)
        httpx.get(f"{demo.api}/session?token={said}", headers=bearer, trust_env=False, timeout=60)
        httpx.get(f"{demo.api}/live?after=x&token={said}", headers=bearer, trust_env=False, timeout=60)
    kept = demo.ask("GET", "/admin/refused-messages", who="admin")
    assert "osmand" in kept.text, "what could not be understood was kept"
    for said in (token, wrong):
        assert said not in kept.text
        assert said not in demo.said()
        assert said.encode() not in demo.database.read_bytes()
        assert said.encode() not in demo.database.with_name("safezone.db-wal").read_bytes()
