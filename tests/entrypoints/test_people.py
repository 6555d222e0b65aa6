"""People come in with a name, a password and a code; guessing is slow and locks out nobody else; who is put out is out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from safezone.core.accounts import rules
from safezone.core.accounts.proof import FRESH_FOR
from safezone.core.settings import Accounts, Settings
from safezone.entrypoints import live
from safezone.entrypoints.people.signing_in import BROWSER_COOKIE, browser_family
from safezone.entrypoints.who import COOKIE
from tests.support.feed import Feed
from tests.support.places import eventually
from tests.support.station import Api, RunningStation

PASSWORD = "ม้าวิ่งข้ามสะพาน"
OTHER = "another good one"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    """Its feed has no sign of life: what comes has not waited for one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(live, "HEARTBEAT_S", 3600.0)
        station = RunningStation(tmp_path_factory.mktemp("people"))
        yield station
        station.close()


class Browser(Api):
    """A browser: keeps cookies, says that it is our own page."""

    def __init__(self, station: RunningStation) -> None:
        super().__init__(station.url, None)
        self.station = station
        self.http.headers["X-Safezone"] = "1"
        self.secret = ""

    def accept(self, link: str, **more: Any) -> httpx.Response:
        """Take up an account, with an app."""
        token = link.partition("#token=")[2]
        offer = self.act("/api/v1/session/invitation", {"token": token})["totp"]
        self.secret = offer["secret"]
        body = {"token": token, "password": PASSWORD, "totp_secret": self.secret, "totp_code": self.code()}
        return self.post("/api/v1/session/invitation/accept", {**body, **more})

    def code(self) -> str:
        """What the app shows now."""
        raw = rules.totp_secret_bytes(self.secret)
        assert raw
        return rules.totp_at(raw, int(self.station.clock.now().timestamp()) // 30)

    def sign_in(self, login: str, password: str = PASSWORD, code: str | None = None) -> httpx.Response:
        """With the code of the next half minute, because each is taken once."""
        if code is None:
            self.station.clock.advance(30)
            code = self.code()
        return self.post("/api/v1/session/password", {"login": login, "password": password, "code": code})


_made = iter(range(1, 1000))


@pytest.fixture
def browser(station: RunningStation) -> Iterator[Browser]:
    browser = Browser(station)
    yield browser
    browser.http.close()


def invite(station: RunningStation, role: str = "operator", **more: Any) -> tuple[str, dict[str, Any]]:
    login = f"p{next(_made)}"
    made = station.api("admin").act("/api/v1/admin/accounts", {"login": login, "role": role, **more})
    return login, made


def code_of(answer: httpx.Response) -> str:
    said: str = answer.json()["code"]
    return said


def test_an_invited_person_chooses_a_password_and_comes_back_with_it(
    station: RunningStation, browser: Browser
) -> None:
    login, made = invite(station, full_name="สมหญิง", duty="วิทยุ")
    assert made["qr"].startswith("data:image/svg+xml")
    opens = browser.post("/api/v1/session", {"token": made["link"].partition("#token=")[2]})
    assert (opens.status_code, code_of(opens)) == (403, "choose_password")
    accepted = browser.accept(made["link"])
    assert accepted.status_code == 201, accepted.text
    assert len(accepted.json()["recovery_codes"]) == rules.RECOVERY_CODES
    assert browser.ask("/api/v1/session") | {"name": login} == browser.ask("/api/v1/session")
    spent = made["link"].partition("#token=")[2]
    assert browser.post("/api/v1/session/invitation", {"token": spent}).status_code == 401
    browser.http.delete("/api/v1/session")
    assert browser.get("/api/v1/console").status_code == 401
    assert code_of(browser.sign_in(login, code="")) == "code_needed"
    assert browser.sign_in(login.upper()).status_code == 201
    assert browser.get("/api/v1/console").is_success
    listed = station.api("admin").ask("/api/v1/admin/accounts")["items"]
    (mine,) = [each for each in listed if each["login"] == login]
    assert (mine["state"], mine["sessions"], mine["person"]["full_name"]) == ("active", 1, "สมหญิง")
    auditors = station.api("auditor").get("/api/v1/admin/accounts")
    assert login in auditors.text
    assert "สมหญิง" not in auditors.text


def test_every_wrong_answer_is_the_same(station: RunningStation, browser: Browser) -> None:
    login, made = invite(station)
    browser.accept(made["link"])
    invited, _ = invite(station)
    answers = [
        browser.sign_in(login, "wrong password"),
        browser.sign_in(login, code="000000"),
        browser.sign_in("nobody-at-all", code="000000"),
        browser.sign_in(invited, code="000000"),
        browser.sign_in("../../etc", code=""),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_a_code_is_taken_once_also_by_two_at_the_same_time(station: RunningStation, browser: Browser) -> None:
    login, made = invite(station)
    browser.accept(made["link"])
    station.clock.advance(30)
    code, statuses = browser.code(), list[int]()
    body = {"login": login, "password": PASSWORD, "code": code}

    def come_in() -> None:
        statuses.append(
            httpx.post(f"{station.url}/api/v1/session/password", json=body, timeout=60).status_code
        )

    threads = [threading.Thread(target=come_in) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(statuses) == [201, 401, 401, 401]


def test_a_recovery_code_stands_in_for_the_telephone_once(station: RunningStation, browser: Browser) -> None:
    login, made = invite(station)
    code = browser.accept(made["link"]).json()["recovery_codes"][3]
    assert browser.sign_in(login, code=code.lower()).status_code == 201
    assert browser.ask("/api/v1/account")["recovery_left"] == rules.RECOVERY_CODES - 1
    assert browser.sign_in(login, code=code).status_code == 401


def test_who_is_suspended_is_out_on_every_channel_at_once(station: RunningStation, browser: Browser) -> None:
    login, made = invite(station)
    browser.accept(made["link"])
    account = f"/api/v1/admin/accounts/{made['account']['id']}"
    with Feed(station.url, browser.http.cookies[COOKIE]) as feed:
        station.api("admin").act(f"{account}/suspend", {"reason": "ลาออก"})
        assert browser.get("/api/v1/console").status_code == 401
        feed.until("signed_out")
    assert code_of(browser.sign_in(login)) == "account_suspended"
    assert code_of(browser.sign_in(login, "wrong password")) == "bad_sign_in", (
        "a stranger hears nothing of it"
    )
    station.api("admin").act(f"{account}/resume")
    assert browser.sign_in(login).status_code == 201


def test_an_account_that_expires_is_out_by_the_clock(station: RunningStation, browser: Browser) -> None:
    ends = station.clock.now() + timedelta(hours=1)
    login, made = invite(station, expires_at=ends.isoformat())
    browser.accept(made["link"])
    with Feed(station.url, browser.http.cookies[COOKIE]) as feed:
        station.clock.advance(3600)
        feed.until("signed_out")  # Not with the next heartbeat, which is an hour away: now.
    assert browser.get("/api/v1/session").status_code == 401
    assert code_of(browser.sign_in(login)) == "account_expired"


def test_my_password_my_app_my_codes_my_sessions(station: RunningStation, browser: Browser) -> None:
    login, made = invite(station)
    browser.accept(made["link"])
    elsewhere = Browser(station)
    elsewhere.secret = browser.secret
    elsewhere.http.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
    assert elsewhere.sign_in(login).status_code == 201
    sessions = browser.ask("/api/v1/account/sessions")["items"]
    assert sorted((each["here"], each["browser"]) for each in sessions) == [
        (False, "Firefox, Windows"),
        (True, ""),
    ]
    assert browser.post("/api/v1/account/password", {"current": OTHER, "password": OTHER}).status_code == 401
    weak = browser.post("/api/v1/account/password", {"current": PASSWORD, "password": "short"})
    assert (weak.status_code, code_of(weak)) == (422, "weak_password")
    browser.act("/api/v1/account/password", {"current": PASSWORD, "password": OTHER})
    assert elsewhere.get("/api/v1/session").status_code == 401
    assert browser.get("/api/v1/session").is_success
    assert elsewhere.sign_in(login, OTHER).status_code == 201
    browser.act(f"/api/v1/account/sessions/{browser.ask('/api/v1/account/sessions')['items'][0]['id']}/end")
    station.clock.advance(FRESH_FOR.total_seconds())
    who = browser if browser.get("/api/v1/session").is_success else elsewhere
    refused = who.post("/api/v1/account/recovery-codes")
    assert (refused.status_code, code_of(refused)) == (403, "step_up_needed")
    proof = "/api/v1/session/step-up"
    alone = who.post(proof, {"password": OTHER})
    assert (alone.status_code, code_of(alone)) == (401, "code_needed"), "a password that was seen is no proof"
    station.clock.advance(30)
    assert who.post(proof, {"password": "wrong one here", "code": who.code()}).status_code == 401
    assert who.post(proof, {"code": who.code()}).status_code == 401, "nor is a telephone that lies about"
    assert who.act(proof, {"password": OTHER, "code": who.code()})["proven"]
    assert len(who.act("/api/v1/account/recovery-codes")["recovery_codes"]) == rules.RECOVERY_CODES
    offer = who.act("/api/v1/account/totp/offer")
    wrong = who.post("/api/v1/account/totp", {"secret": offer["secret"], "code": "123"})
    assert (wrong.status_code, code_of(wrong)) == (422, "bad_code")
    who.secret = offer["secret"]
    assert who.act("/api/v1/account/totp", {"secret": offer["secret"], "code": who.code()})["has_totp"]
    assert who.sign_in(login, OTHER).status_code == 201
    assert not who.http.request("DELETE", "/api/v1/account/totp").json()["has_totp"]
    assert who.sign_in(login, OTHER, code="").status_code == 201 or who.ask("/api/v1/account")
    elsewhere.http.close()


# ── under attack ──


def test_whoever_guesses_waits_and_nobody_else_does(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one address: a known browser, another name until many have failed, and links get in all the time."""
    # Nobody's wait is over in the middle of it, however slow the machine is.
    monkeypatch.setattr(rules, "delay_after", lambda failures, free: 0.0 if failures <= free else 3600.0)
    station = RunningStation(tmp_path)
    mine, other, stranger = Browser(station), Browser(station), Browser(station)
    login, made = invite(station)
    mine.accept(made["link"])
    name, also = invite(station)
    other.accept(also["link"])
    other.http.cookies.clear()  # A browser that has never been here, at the address of the attacker.
    try:
        seen = [stranger.sign_in(login, f"guess {n}", code="1").status_code for n in range(12)]
        assert seen.count(401) <= rules.FREE_FAILURES + 2
        refused = stranger.sign_in(login, "one more", code="1")
        assert (refused.status_code, code_of(refused)) == (429, "too_many_attempts")
        assert int(refused.headers["retry-after"]) >= 1
        assert stranger.sign_in(login, code="1").status_code == 429, "even the right one must wait there"
        assert mine.sign_in(login).status_code == 201, "who signed in here before does not"
        assert other.sign_in(name).status_code == 201, "nor does another name"
        for n in range(200):
            stranger.sign_in(f"made-up-{n}", "guess", code="1")
        assert stranger.sign_in("made-up-x", "guess", code="1").status_code == 429
        assert mine.sign_in(login).status_code == 201, "the station is not locked out"
        _, third = invite(station)
        assert stranger.accept(third["link"]).status_code == 201, "a link of the administrator gets in"
        assert station.api("operator").get("/api/v1/console").is_success
    finally:
        for each in (mine, other, stranger):
            each.http.close()
        station.close()


def test_whoever_has_the_password_guesses_no_code_from_many_addresses(
    station: RunningStation, browser: Browser
) -> None:
    login, made = invite(station)
    browser.accept(made["link"])

    def from_address(number: int, password: str, tries: int = 1) -> list[int]:
        transport = httpx.HTTPTransport(local_address=f"127.0.7.{number}")
        body = {"login": login, "password": password, "code": "000000"}
        with httpx.Client(base_url=station.url, transport=transport, timeout=60, trust_env=False) as http:
            return [http.post("/api/v1/session/password", json=body).status_code for _ in range(tries)]

    tried = list[int]()
    for number in range(1, 13):  # To each address of its own four wrong ones cost nothing.
        tried += from_address(number, PASSWORD, rules.FREE_FAILURES)
        if 429 in tried:
            break
    assert set(tried[: rules.FREE_FAILURES_OF_CODES]) == {401}
    assert 429 in tried, "each address begins anew, and there are but a million codes"
    assert from_address(99, "a stranger's guess") == [401], (
        "who does not have the password hears nothing of it"
    )
    assert browser.sign_in(login).status_code == 201, (
        "and whose account it is comes in where they were before"
    )


def test_in_the_stations_own_network_one_name_holds_up_no_other(tmp_path: Any) -> None:
    settings = msgspec.structs.replace(Settings(), accounts=Accounts(own_networks=("127.0.0.0/8",)))
    station = RunningStation(tmp_path, settings)
    mine, stranger = Browser(station), Browser(station)
    login, made = invite(station)
    mine.accept(made["link"])
    mine.http.cookies.clear()
    try:
        for n in range(60):
            stranger.sign_in(f"made-up-{n}", "guess", code="1")
        assert mine.sign_in(login).status_code == 201
    finally:
        mine.http.close()
        stranger.http.close()
        station.close()


def test_failed_attempts_leave_nothing_in_the_log_and_no_report_waits(station: RunningStation) -> None:
    head, stop, tried = station.head(), threading.Event(), list[int]()

    def guess(number: int) -> None:
        with httpx.Client(base_url=station.url, timeout=60, trust_env=False) as http:
            while not stop.is_set():
                body = {"login": f"flood-{number}", "password": "guess"}
                tried.append(http.post("/api/v1/session/password", json=body).status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    try:
        # Once more where it took longer: a machine that is busy with other things delays one or another of them.
        eventually(lambda: sorted(_reports_in(station) for _ in range(10))[5] < 1)
    finally:
        stop.set()
        for each in threads:
            each.join()
    assert set(tried) <= {401, 429}
    assert not [
        entry for entry in station.log(after=head) if "proven" in entry.kind or "credential" in entry.kind
    ]


def _reports_in(station: RunningStation) -> float:
    """Seconds until a report is answered."""
    began = time.monotonic()
    station.api("public").report("other", text="a noise")
    return time.monotonic() - began


def test_a_name_that_nobody_has_takes_as_long_as_one_that_somebody_has(
    station: RunningStation, browser: Browser
) -> None:
    login, made = invite(station)
    browser.accept(made["link"])
    # The time of the processor, not of the clock on the wall: the machine may be busy with other things.
    took: dict[str, list[float]] = {login: [], "nobody": []}
    for n in range(4):
        for name in took:
            with httpx.Client(base_url=station.url, timeout=60, trust_env=False) as http:
                began = time.process_time()
                body = {"login": name if name == login else f"nobody{n}", "password": "guess"}
                assert http.post("/api/v1/session/password", json=body).status_code in (401, 429)
                took[name].append(time.process_time() - began)
    real, made_up = (min(times) for times in took.values())
    assert made_up > real / 3, "it can be told by the clock who has an account"
    assert real > made_up / 3


def test_sessions_are_listed_and_ended_by_an_administrator(station: RunningStation, browser: Browser) -> None:
    login, made = invite(station)
    browser.accept(made["link"])
    admin = station.api("admin")
    (mine,) = [each for each in admin.ask("/api/v1/admin/sessions")["items"] if each["name"] == login]
    assert mine["address"] == "127.0.0.1"
    admin.act(f"/api/v1/admin/sessions/{mine['id']}/end")
    assert browser.get("/api/v1/session").status_code == 401
    assert browser.http.cookies.get(BROWSER_COOKIE, path="/api/v1/session")


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile Line/14.0", "LINE, iOS"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/149.0.0.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18.0 Safari/605.1.15", "Safari, macOS"),
        ("curl/8.0", ""),
    ],
)
def test_a_browser_is_named_by_its_family(agent: str, family: str) -> None:
    assert browser_family(agent) == family
