"""Signing in with a provider's account: as it should be, and every way in which somebody might cheat."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from msgspec.structs import replace

from safezone.core.accounts import commands as cmds
from safezone.core.accounts.provider_links import Subject, find_linked
from safezone.core.accounts.rules import totp_at, totp_secret_bytes
from safezone.core.auth import Issued
from safezone.core.identity import Role, public
from safezone.core.provider_settings import Oidc
from safezone.core.settings import Settings
from safezone.entrypoints.oidc.ways import PATH
from tests.support.engines import EngineName
from tests.support.provider import CLIENT, SECRET, Provider
from tests.support.station import STATION, RunningStation, who

TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_numbers = itertools.count(1)


class Scene:
    """A station, its provider, and people with accounts."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.provider = Provider(lambda: self.station.clock.now().timestamp())
        secret = path / "client-secret"
        secret.write_text(SECRET + "\n")
        wanted = {"login_claim": "preferred_username", "trusted_amr": ("mfa",), **settings}
        oidc = Oidc(
            issuer=self.provider.issuer,
            client_id=CLIENT,
            client_secret_file=str(secret),
            timeout_s=30,
            **wanted,
        )
        self.station = RunningStation(path / "data", Settings(oidc=oidc))
        self.browsers: list[httpx.Client] = []

    def person(self, login: str, role: Role = "operator", *, totp: bool = False) -> Issued:
        """Somebody with an account and a password, and perhaps an app that makes codes."""
        invited = self.station.do(cmds.CreateAccount(login, cmds.Place(role=role)), who("admin"))
        asked = cmds.AcceptInvitation(
            token=invited.secret, password_hash="$argon2id$x", totp_secret=TOTP if totp else None
        )
        issued: Issued = self.station.do(asked, public(STATION))
        return issued

    def browser(self) -> httpx.Client:
        made = httpx.Client(base_url=self.station.url, trust_env=False, timeout=60)
        self.browsers.append(made)
        return made

    def to_provider(self, browser: httpx.Client, path: str = "/start") -> str:
        """Where the provider sends the browser back to."""
        off = browser.get(f"{PATH}{path}")
        assert off.status_code == 302, off.text
        assert off.headers["location"].startswith(f"{self.provider.issuer}/authorize?tenant=7&")
        return httpx.get(off.headers["location"], trust_env=False, timeout=60).headers["location"]

    def sign_in(self, browser: httpx.Client | None = None, path: str = "/start") -> str:
        """How it ended, as our own page is told."""
        browser = browser or self.browser()
        return ended(browser.get(self.to_provider(browser, path)))

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()
        self.station.close()
        self.provider.close()


def ended(response: httpx.Response) -> str:
    assert response.status_code == 302
    where: str = response.headers["location"]
    assert where.startswith("/enter#oidc="), where
    return where.removeprefix("/enter#oidc=")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    scene = Scene(tmp_path_factory.mktemp("oidc"))
    yield scene
    scene.close()


@pytest.fixture(autouse=True)
def good_again(scene: Scene) -> None:
    """The provider does everything right, unless a test says otherwise."""
    provider = scene.provider
    provider.forge, provider.stays_away = provider.sign, False


@pytest.fixture
def somchai(scene: Scene) -> str:
    """A person of this test's own, who sits in front of the browser; the name."""
    login = f"somchai-{next(_numbers)}"
    scene.person(login)
    scene.provider.who = {"sub": f"p-{login}", "preferred_username": login}
    return login


# ── as it should be ──


def test_somebody_with_an_account_of_that_name_comes_in_and_stays_linked(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    assert scene.sign_in(browser) == "in"
    assert browser.get("/api/v1/session").json()["name"] == somchai
    # Another name at the provider later changes nothing: the subject is who it is.
    scene.provider.who["preferred_username"] = "renamed"
    assert scene.sign_in() == "in"
    links = browser.get(f"{PATH}/links").json()["items"]
    assert [each["subject"] for each in links] == [f"p-{somchai}"]


def test_nobody_gets_an_account_by_being_known_elsewhere(scene: Scene) -> None:
    scene.provider.who = {"sub": "stranger", "preferred_username": "stranger"}
    head = scene.station.head()
    browser = scene.browser()
    assert scene.sign_in(browser) == "no_account"
    assert browser.get("/api/v1/session").status_code == 401
    assert scene.station.head() == head


def test_a_name_alone_does_not_take_a_linked_account(scene: Scene, somchai: str) -> None:
    assert scene.sign_in() == "in"
    scene.provider.who = {"sub": "somebody-else", "preferred_username": somchai}
    assert scene.sign_in() == "no_account"


def test_whoever_was_suspended_stays_out(scene: Scene, somchai: str) -> None:
    assert scene.sign_in() == "in"
    with scene.station.read() as conn:
        account_id = find_linked(conn, STATION, Subject(scene.provider.issuer, f"p-{somchai}"))
    assert account_id is not None
    scene.station.do(cmds.SuspendAccount(account_id, "left"), who("admin"))
    assert scene.sign_in() == "account_suspended"


def test_a_role_that_takes_a_second_factor_is_asked_for_ours(scene: Scene) -> None:
    scene.person("supervisor-1", "supervisor", totp=True)
    scene.provider.who = {"sub": "sup", "preferred_username": "supervisor-1"}
    browser = scene.browser()
    assert scene.sign_in(browser) == "second"
    assert browser.get("/api/v1/session").status_code == 401
    assert browser.post(f"{PATH}/second", json={"code": "000000"}).status_code == 401
    key = totp_secret_bytes(TOTP)
    assert key is not None
    code = totp_at(key, int(scene.station.clock.now().timestamp()) // 30)
    taken = browser.post(f"{PATH}/second", json={"code": code})
    assert (taken.status_code, taken.json()["name"]) == (201, "supervisor-1")
    assert browser.get("/api/v1/session").json()["role"] == "supervisor"
    assert scene.browser().post(f"{PATH}/second", json={"code": code}).status_code == 401, "by a code alone"


def test_codes_cannot_be_tried_without_end(scene: Scene) -> None:
    scene.person("supervisor-2", "supervisor", totp=True)
    scene.provider.who = {"sub": "sup2", "preferred_username": "supervisor-2"}
    browser = scene.browser()
    assert scene.sign_in(browser) == "second"
    said = [browser.post(f"{PATH}/second", json={"code": "123456"}).status_code for _ in range(9)]
    assert said[0] == 401
    assert said[-1] == 429


def test_the_providers_own_second_factor_is_enough_where_it_is_trusted(scene: Scene) -> None:
    scene.person("supervisor-3", "supervisor", totp=True)
    scene.provider.who = {"sub": "sup3", "preferred_username": "supervisor-3", "amr": ["pwd", "mfa"]}
    assert scene.sign_in() == "in"


def test_an_account_is_linked_by_its_owner(scene: Scene) -> None:
    issued = scene.person(f"owner-{next(_numbers)}")
    scene.provider.who = {"sub": "quite-another-name"}
    assert scene.sign_in() == "no_account"
    browser = scene.browser()
    browser.cookies.set("safezone_session", issued.secret)
    assert scene.sign_in(browser, "/start?link=true") == "linked"
    assert scene.sign_in() == "in"
    browser.headers["X-Safezone"] = "1"
    (link,) = browser.get(f"{PATH}/links").json()["items"]
    assert browser.delete(f"{PATH}/links/{link['id']}").json() == {"items": []}
    assert scene.sign_in() == "no_account"


def test_linking_takes_a_fresh_sign_in(scene: Scene) -> None:
    issued = scene.person(f"owner-{next(_numbers)}")
    browser = scene.browser()
    assert ended(browser.get(f"{PATH}/start?link=true")) == "step_up", "nobody is signed in"
    browser.cookies.set("safezone_session", issued.secret)
    scene.station.clock.advance(11 * 60)
    assert ended(browser.get(f"{PATH}/start?link=true")) == "step_up"


def test_whoever_was_put_out_on_the_way_links_nothing(scene: Scene) -> None:
    issued = scene.person(f"owner-{next(_numbers)}")
    scene.provider.who = {"sub": "late"}
    browser = scene.browser()
    browser.cookies.set("safezone_session", issued.secret)
    back = scene.to_provider(browser, "/start?link=true")
    scene.station.do(cmds.EndSession(issued.credential_id), who("admin"))
    assert ended(browser.get(back)) == "signed_out"
    with scene.station.read() as conn:
        assert find_linked(conn, STATION, Subject(scene.provider.issuer, "late")) is None


# ── attacks ──

Forge = Callable[[Provider, dict[str, Any]], str]
FORGED: dict[str, Forge] = {
    "nonce of another sign-in": lambda p, c: p.sign({**c, "nonce": "another"}),
    "no nonce": lambda p, c: p.sign({k: v for k, v in c.items() if k != "nonce"}),
    "for another client": lambda p, c: p.sign({**c, "aud": "somebody-else"}),
    "for two, and the other one asked": lambda p, c: p.sign({**c, "aud": [CLIENT, "other"], "azp": "other"}),
    "of another issuer": lambda p, c: p.sign({**c, "iss": "https://evil.example"}),
    "expired": lambda p, c: p.sign({**c, "iat": c["iat"] - 4000, "exp": c["iat"] - 3000}),
    "of tomorrow": lambda p, c: p.sign({**c, "iat": c["iat"] + 86_400, "exp": c["iat"] + 90_000}),
    "without an end": lambda p, c: p.sign({k: v for k, v in c.items() if k != "exp"}),
    "of nobody": lambda p, c: p.sign({k: v for k, v in c.items() if k != "sub"}),
    "unsigned": lambda p, c: p.unsigned(c),
    "signed with the public key": lambda p, c: p.sign_with_public_key(c),
    "signed by somebody else": lambda p, c: p.sign(c, RSAKey.generate_key(2048, {"kid": "k1"})),
    "no token at all": lambda _p, _c: "x.y.z",
    "nonsense": lambda _p, _c: "",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_is_not_for_this_very_sign_in_opens_nothing(
    scene: Scene, somchai: str, how: str
) -> None:
    scene.provider.forge = lambda claims: FORGED[how](scene.provider, claims)
    browser = scene.browser()
    head = scene.station.head()
    assert scene.sign_in(browser) == "refused"
    assert browser.get("/api/v1/session").status_code == 401
    assert scene.station.head() == head


def test_a_clock_that_is_a_little_wrong_does_no_harm(scene: Scene, somchai: str) -> None:
    scene.provider.forge = lambda claims: scene.provider.sign({**claims, "iat": claims["iat"] + 50})
    assert scene.sign_in() == "in"


def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(scene: Scene, somchai: str) -> None:
    """Somebody sends us a link with a code of their own, to sign us in as them."""
    theirs = scene.to_provider(scene.browser())
    victim = scene.browser()
    assert ended(victim.get(theirs)) == "again"
    scene.to_provider(victim)
    assert ended(victim.get(theirs)) == "again", "the state is not of this browser's own way"


def test_a_code_is_good_once(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    off = browser.get(f"{PATH}/start")
    way = browser.cookies["safezone_oidc"]
    back = httpx.get(off.headers["location"], trust_env=False, timeout=60).headers["location"]
    assert ended(browser.get(back)) == "in"
    again = httpx.get(back, cookies={"safezone_oidc": way}, trust_env=False, timeout=60)
    assert ended(again) == "refused", "the provider takes a code once"
    # A provider that would take it twice does not help: the way itself is spent.
    state = parse_qs(urlsplit(back).query)["state"][0]
    query = {each: values[0] for each, values in parse_qs(urlsplit(off.headers["location"]).query).items()}
    scene.provider._codes["second"] = query
    replayed = httpx.get(
        f"{scene.station.url}{PATH}/callback?code=second&state={state}",
        cookies={"safezone_oidc": way},
        trust_env=False,
        timeout=60,
    )
    assert ended(replayed) == "again"


def test_the_way_ends_after_ten_minutes(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    back = scene.to_provider(browser)
    scene.station.clock.advance(601)
    assert ended(browser.get(back)) == "again"


def test_an_answer_of_another_provider_is_not_taken(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    back = scene.to_provider(browser)
    assert ended(browser.get(f"{back}&iss=https://evil.example")) == "refused"


def test_nobody_is_sent_to_an_address_that_came_with_the_request(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    evil = "https://evil.example"
    off = browser.get(f"{PATH}/start?next={evil}&redirect_uri={evil}&return_to={evil}")
    assert evil not in off.headers["location"]
    back = httpx.get(off.headers["location"], trust_env=False, timeout=60).headers["location"]
    done = browser.get(f"{back}&next={evil}&redirect_uri={evil}")
    assert ended(done) == "in"


def test_a_changed_cookie_is_no_way(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    back = scene.to_provider(browser)
    way = browser.cookies["safezone_oidc"]
    for changed in (way[:-8] + "AAAAAAA=", way[: len(way) // 2], "x" * 5000, "", way[::-1]):
        said = httpx.get(back, cookies={"safezone_oidc": changed}, trust_env=False, timeout=60)
        assert ended(said) == "again"


def test_a_refusal_by_the_person_is_said(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    back = scene.to_provider(browser)
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert ended(browser.get(f"{PATH}/callback?error=access_denied&state={state}")) == "denied"


# ── the provider is away, or not what it says ──


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Scene]:
    """A scene that knows nothing of its provider yet."""
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def test_a_station_stands_alone_when_the_provider_is_away(alone: Scene) -> None:
    alone.provider.stays_away = True
    browser = alone.browser()
    said = browser.get(PATH).json()["provider"]
    assert said["trouble"]["th"]
    assert ended(browser.get(f"{PATH}/start")) == "away"
    token = alone.station.tokens["operator"]
    assert browser.post("/api/v1/session", json={"token": token}).status_code == 201


EVIL: dict[str, dict[str, Any]] = {
    "it calls itself something else": {"issuer": "https://evil.example"},
    "its tokens come from elsewhere": {"token_endpoint": "https://evil.example/token"},
    "its keys lie in our own network": {"jwks_uri": "http://169.254.169.254/latest/meta-data"},
    "its keys are a file": {"jwks_uri": "file:///etc/passwd"},
    "another port of this machine": {"token_endpoint": "http://127.0.0.1:1/token"},
    "a name and password in the address": {"jwks_uri": "http://a:b@127.0.0.1/keys"},
    "the browser is sent elsewhere": {"authorization_endpoint": "https://evil.example/authorize"},
    "it says nothing": {"token_endpoint": None},
}


@pytest.mark.parametrize("how", EVIL)
def test_a_provider_that_points_elsewhere_is_not_followed(scene: Scene, how: str, tmp_path: Path) -> None:
    from safezone.core.clock import SystemClock
    from safezone.entrypoints.oidc.fetch import ProviderAway
    from safezone.entrypoints.oidc.provider import Provider as Ours

    fresh = Ours(replace(scene.station.settings.oidc), SystemClock())
    scene.provider.tell = EVIL[how]
    try:
        with pytest.raises(ProviderAway):
            _run(fresh.doors())
    finally:
        scene.provider.tell = {}


def _run(waited: Any) -> Any:
    import asyncio

    return asyncio.run(waited)


def test_a_logout_at_the_provider_ends_every_session(scene: Scene, somchai: str) -> None:
    browser = scene.browser()
    assert scene.sign_in(browser) == "in"
    claims = scene.provider.claims("")
    del claims["nonce"]
    event: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
    url = f"{scene.station.url}{PATH}/logout"

    def say(token: str) -> int:
        return httpx.post(url, data={"logout_token": token}, trust_env=False, timeout=60).status_code

    assert say(scene.provider.sign(claims)) == 400, "an ID token is no logout token"
    assert say(scene.provider.unsigned({**claims, "events": event})) == 400
    assert browser.get("/api/v1/session").status_code == 200
    assert say(scene.provider.sign({**claims, "events": event})) == 204
    assert browser.get("/api/v1/session").status_code == 401


def test_who_somebody_is_at_the_provider_is_forgotten_with_the_account(scene: Scene, somchai: str) -> None:
    assert scene.sign_in() == "in"
    subject = Subject(scene.provider.issuer, f"p-{somchai}")
    with scene.station.read() as conn:
        account_id = find_linked(conn, STATION, subject)
    assert account_id is not None
    scene.station.do(cmds.EraseAccount(account_id), who("admin"))
    with scene.station.read() as conn:
        assert find_linked(conn, STATION, subject) is None
    log = [repr(entry) for entry in scene.station.log()]
    assert not any(f"p-{somchai}" in line for line in log)
    assert scene.station.verdict().content


def test_groups_of_the_provider_may_be_asked_for(engine: EngineName, tmp_path: Path) -> None:
    scene = Scene(tmp_path, allowed_groups=("ccoc",))
    try:
        scene.person("somchai")
        scene.provider.who = {"sub": "p-1", "preferred_username": "somchai", "groups": ["traffic"]}
        assert scene.sign_in() == "not_allowed"
        scene.provider.who["groups"] = ["traffic", "ccoc"]
        assert scene.sign_in() == "in"
    finally:
        scene.close()
