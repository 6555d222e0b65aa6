"""Passkeys, as an authenticator that is a program: made, used, copied, replayed, taken elsewhere, removed, forgotten."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from safezone.core.accounts import commands as cmds
from safezone.core.accounts.passkeys import MOST
from safezone.core.accounts.tables import spent_ticket
from safezone.core.auth import Issued
from safezone.core.identity import Role, public
from safezone.entrypoints.people.passkey_check import LIFETIME, TO_SIGN_IN, Challenge
from safezone.entrypoints.people.passkey_routes import PATH
from safezone.entrypoints.ticket import seal
from tests.support.authenticator import Authenticator
from tests.support.engines import EngineName
from tests.support.station import STATION, RunningStation, who

_numbers = itertools.count(1)
_BROWSERS: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def browsers_end() -> Iterator[None]:
    """Every browser of a test is closed after it."""
    yield
    while _BROWSERS:
        _BROWSERS.pop().close()


class Person:
    """Somebody with an account, a browser and an authenticator."""

    def __init__(self, station: RunningStation, role: Role = "operator") -> None:
        self.station = station
        self.login = f"somchai-{next(_numbers)}"
        invited = station.do(cmds.CreateAccount(self.login, cmds.Place(role=role)), who("admin"))
        self.account_id: str = invited.account_id
        accepted = cmds.AcceptInvitation(
            token=invited.secret, password_hash="$argon2id$x", totp_secret="A" * 32
        )
        self.issued: Issued = station.do(accepted, public(STATION))
        self.origin = f"http://localhost:{station.port}"
        self.http = self.new_browser()
        self.http.cookies.set("safezone_session", self.issued.secret)

    def new_browser(self) -> httpx.Client:
        """It reaches the station by a name: numbers have no passkeys."""
        head = {"X-Safezone": "1", "Host": f"localhost:{self.station.port}"}
        made = httpx.Client(base_url=self.station.url, headers=head, trust_env=False, timeout=60)
        _BROWSERS.append(made)
        return made

    def add(self, key: Authenticator, name: str = "โทรศัพท์") -> httpx.Response:
        asked = self.http.post(f"{PATH}/new/challenge")
        if not asked.is_success:
            return asked
        made = key.make(asked.json()["public_key"], self.origin)
        return self.http.post(f"{PATH}/new", json={"name": name, "credential": made})

    def sign_in(self, key: Authenticator, browser: httpx.Client | None = None, **more: Any) -> httpx.Response:
        """In a browser where nobody is signed in, without saying a name."""
        browser = browser or self.new_browser()
        options = browser.post(f"{PATH}/challenge").json()["public_key"]
        said = key.sign(options, more.get("origin", self.origin), more.get("rp_id"))
        return browser.post(PATH, json={"credential": said})

    def keys(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.http.get(PATH).json()["items"]
        return items


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("passkeys"))
    yield station
    station.close()


@pytest.fixture
def person(station: RunningStation) -> Person:
    return Person(station)


def test_a_key_is_made_and_opens_the_account_without_a_name(engine: EngineName, tmp_path: Path) -> None:
    station = RunningStation(tmp_path)
    try:
        person, key = Person(station, "admin"), Authenticator(backed_up=True)
        assert person.add(key).status_code == 201
        browser = person.new_browser()
        opened = person.sign_in(key, browser)
        assert (opened.status_code, opened.json()["name"]) == (201, person.login)
        assert browser.get("/api/v1/session").json()["role"] == "admin"
        (kept,) = person.keys()
        assert (kept["name"], kept["site"], kept["backed_up"]) == ("โทรศัพท์", "localhost", True)
        assert kept["used_at"] is not None
        assert station.verdict().content
    finally:
        station.close()


def test_only_somebody_with_an_account_has_keys(station: RunningStation) -> None:
    api = station.api("operator")
    assert api.get(PATH).json()["code"] == "no_account"
    assert api.post(f"{PATH}/new/challenge").json()["code"] == "no_account"


def test_a_key_proves_once_more_who_somebody_is(person: Person) -> None:
    key = Authenticator()
    assert person.add(key).status_code == 201
    person.station.clock.advance(11 * 60)
    late = person.add(Authenticator())
    assert (late.status_code, late.json()["code"]) == (403, "step_up_needed")
    said = key.sign(person.http.post(f"{PATH}/challenge").json()["public_key"], person.origin)
    assert person.http.post(f"{PATH}/proof", json={"credential": said}).json() == {"proven": True}
    assert person.add(Authenticator(), "กุญแจ USB").status_code == 201


def test_somebody_elses_key_proves_nothing(person: Person) -> None:
    other, theirs = Person(person.station), Authenticator()
    assert other.add(theirs).status_code == 201
    said = theirs.sign(person.http.post(f"{PATH}/challenge").json()["public_key"], person.origin)
    assert person.http.post(f"{PATH}/proof", json={"credential": said}).status_code == 401


def test_what_was_signed_is_good_once(person: Person) -> None:
    key = Authenticator(counts=False)
    person.add(key)
    browser = person.new_browser()
    options = browser.post(f"{PATH}/challenge").json()["public_key"]
    carried = dict(browser.cookies)
    said = {"credential": key.sign(options, person.origin)}
    assert browser.post(PATH, json=said).status_code == 201
    thief = person.new_browser()
    for name, value in carried.items():
        thief.cookies.set(name, value)
    again = thief.post(PATH, json=said)
    assert (again.status_code, again.json()["code"]) == (400, "used_already")
    assert person.new_browser().post(PATH, json=said).status_code == 401, "without the cookie not even that"


def test_an_answer_is_for_the_challenge_of_this_browser(person: Person) -> None:
    key = Authenticator()
    person.add(key)
    mine, other = person.new_browser(), person.new_browser()
    options = mine.post(f"{PATH}/challenge").json()["public_key"]
    other.post(f"{PATH}/challenge")
    said = {"credential": key.sign(options, person.origin)}
    assert other.post(PATH, json=said).json()["code"] == "bad_passkey"
    person.station.clock.advance(301)
    assert mine.post(PATH, json=said).json()["code"] == "bad_passkey", "it took too long"


WRONG: dict[str, dict[str, Any]] = {
    "a page of somebody else": {"origin": "https://evil.example"},
    "another port": {"origin": "http://localhost:1"},
    "another site": {"rp_id": "evil.example"},
}


@pytest.mark.parametrize("how", WRONG)
def test_what_was_signed_for_another_page_opens_nothing(person: Person, how: str) -> None:
    key = Authenticator()
    person.add(key)
    refused = person.sign_in(key, **WRONG[how])
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_passkey")


def test_a_key_belongs_to_the_address_where_it_was_made(person: Person) -> None:
    """A page between us and the browser that passes everything on has an address of its own."""
    key = Authenticator()
    person.add(key)
    evil = "https://evil.example"
    made = Challenge("random-enough", evil)
    between = person.new_browser()
    between.cookies.set(TO_SIGN_IN, seal(person.station.desk, TO_SIGN_IN, made, LIFETIME))
    said = key.sign({"challenge": "cmFuZG9tLWVub3VnaA", "rpId": "evil.example"}, evil)
    assert between.post(PATH, json={"credential": said}).json()["code"] == "bad_passkey"


def test_a_number_is_no_site(person: Person) -> None:
    browser = person.new_browser()
    browser.headers["Host"] = f"127.0.0.1:{person.station.port}"
    refused = browser.post(f"{PATH}/challenge")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_passkeys_here")
    assert "localhost" in refused.json()["words"]["th"]


def test_whoever_was_not_verified_by_the_device_does_not_come_in(person: Person) -> None:
    assert person.add(Authenticator(verifies=False)).status_code == 401
    key = Authenticator()
    person.add(key)
    key._verifies = False
    assert person.sign_in(key).status_code == 401


def test_a_copied_key_is_noticed_and_opens_nothing_any_more(person: Person) -> None:
    key = Authenticator()
    person.add(key)
    copied = key.copy()
    assert person.sign_in(key).status_code == 201
    refused = person.sign_in(copied)
    assert (refused.status_code, refused.json()["code"]) == (401, "passkey_copied")
    assert person.keys()[0]["suspicious"] is True
    assert person.sign_in(key).json()["code"] == "passkey_copied", (
        "nobody knows which of them is the person's"
    )


def test_a_synchronised_key_does_not_count_and_is_no_copy(person: Person) -> None:
    key = Authenticator(counts=False, backed_up=True)
    person.add(key)
    assert [person.sign_in(key).status_code for _ in range(3)] == [201, 201, 201]


def test_a_removed_key_opens_nothing(person: Person) -> None:
    key, other = Authenticator(), Authenticator()
    person.add(key)
    person.add(other, "อีกดอก")
    first = person.keys()[0]["id"]
    assert len(person.http.delete(f"{PATH}/{first}").json()["items"]) == 1
    assert person.sign_in(key).status_code == 401
    assert person.sign_in(other).status_code == 201
    assert Person(person.station).http.delete(f"{PATH}/{person.keys()[0]['id']}").status_code == 404


def test_a_key_is_registered_once_and_not_without_end(person: Person) -> None:
    key = Authenticator()
    assert person.add(key).status_code == 201
    assert person.add(key).json()["code"] == "passkey_known"
    said = [person.add(Authenticator()).status_code for _ in range(MOST)]
    assert said == [201] * (MOST - 1) + [409]


def test_whoever_is_suspended_does_not_come_in_by_a_key(person: Person) -> None:
    key = Authenticator()
    person.add(key)
    person.station.do(cmds.SuspendAccount(person.account_id, "left"), who("admin"))
    assert person.sign_in(key).json()["code"] == "account_suspended"
    person.station.do(cmds.ResumeAccount(person.account_id), who("admin"))
    assert person.sign_in(key).status_code == 201


@pytest.mark.parametrize("how", [cmds.EraseAccount, cmds.ResetAccount])
def test_keys_go_with_the_account(person: Person, how: type[Any]) -> None:
    key = Authenticator()
    person.add(key, "ชื่อที่ต้องหายไป")
    person.station.do(how(person.account_id), who("admin"))
    assert person.sign_in(key).json()["code"] == "bad_passkey"
    assert person.station.verdict().content


def test_a_flood_of_beginnings_is_kept_nowhere(person: Person) -> None:
    rows = person.station.rows(spent_ticket.select())
    head = person.station.head()
    browser = person.new_browser()
    for _ in range(30):
        assert browser.post(f"{PATH}/challenge").status_code == 200
    assert (person.station.rows(spent_ticket.select()), person.station.head()) == (rows, head)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"id": 1},
        {"response": None},
        {"response": {"userHandle": "x"}},
        {"response": {"userHandle": "A" * 22}, "rawId": "AA", "id": "AA", "type": "public-key"},
    ],
)
def test_nonsense_is_refused_in_words(person: Person, said: dict[str, Any]) -> None:
    browser = person.new_browser()
    browser.post(f"{PATH}/challenge")
    refused = browser.post(PATH, json={"credential": said})
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_passkey")
