"""Nothing is taken out by somebody who has not proven who they are, or without saying why; machines are given it one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safezone.core.accounts.proof import FRESH_FOR
from safezone.core.auth import IssueCredential, installer
from safezone.entrypoints.cli.parsing import run
from safezone.main import wire
from tests.entrypoints.test_people import PASSWORD, Browser, code_of, invite
from tests.support.station import STATION, Api, RunningStation, Station

LIST = "/api/v1/estate/export"
WHY = {"purpose": {"code": "complaint", "case": "ร.7/2569", "text": "ตามที่นายสมมติร้องเรียน"}}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("taking-out"))
    yield station
    station.close()


@pytest.fixture
def browser(station: RunningStation) -> Iterator[Browser]:
    browser = Browser(station)
    yield browser
    browser.http.close()


def audit(station: RunningStation, **wanted: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = station.api("auditor").ask("/api/v1/audit", **wanted)["items"]
    return lines


def test_a_person_proves_who_they_are_and_says_why_and_then_gets_the_list(
    station: RunningStation, browser: Browser
) -> None:
    login, made = invite(station, "chief")
    browser.accept(made["link"])
    assert browser.post(LIST, WHY).is_success, "whoever has just come in has proven it"
    station.clock.advance(FRESH_FOR.total_seconds() + 30)
    before = len(audit(station, only="exports"))
    refused = browser.post(LIST, WHY)
    assert (refused.status_code, code_of(refused)) == (403, "step_up_needed")
    assert len(audit(station, only="exports")) == before, "nothing was taken out, and nothing says so"

    browser.act("/api/v1/session/step-up", {"password": PASSWORD, "code": browser.code()})
    for wrong in ({}, {"purpose": {"code": "complaint"}}, {"purpose": {"code": "curiosity"}}):
        assert browser.post(LIST, wrong).status_code in (400, 422), wrong
    out = browser.post(LIST, {**WHY, "kind": "sos_point", "format": "csv"})
    assert out.is_success
    assert out.headers["content-disposition"].startswith('attachment; filename="assets-')
    assert {row.split(",")[1] for row in out.text.splitlines()[1:]} == {"sos_point"}

    declared = audit(station, only="exports", kind="look_declared")[0]
    assert (declared["actor"], declared["purpose"], declared["case"]) == (
        f"chief:{login}",
        "complaint",
        "ร.7/2569",
    )
    data = station.api("auditor").ask(f"/api/v1/audit/lines/{declared['seq']}")["data"]
    assert (data["what"], data["scope"]) == ("export_assets", {"kind": "sos_point", "format": "csv"})
    look = audit(station, only="exports", kind="exported_assets")[0]
    assert (look["purpose"], look["case"], look["status"]) == ("complaint", "ร.7/2569", 200)


def test_a_machine_takes_out_what_its_token_was_given_out_for(station: RunningStation) -> None:
    """Given out by one that has it itself: a token cannot make itself a mightier one."""
    mighty = IssueCredential(sort="token", role="admin", name="records-admin", exports=True)
    admin = Api(station.url, station.do(mighty, installer(STATION)).secret)
    asked = {"sort": "token", "role": "auditor", "name": "records"}
    refused = station.api("admin").post("/api/v1/admin/credentials", {**asked, "exports": True})
    assert (refused.status_code, code_of(refused)) == (403, "exports_not_given")
    given = {way: admin.act("/api/v1/admin/credentials", {**asked, "exports": way}) for way in (True, False)}
    for way, credential in given.items():
        machine = Api(station.url, credential["secret"])
        answer = machine.post(LIST, WHY)
        assert answer.is_success == way
        if not way:
            assert (answer.status_code, code_of(answer)) == (403, "exports_not_given")
        machine.http.close()
    listed = {each["id"]: each for each in admin.ask("/api/v1/admin/credentials")["items"]}
    for way, credential in given.items():
        assert listed[credential["credential_id"]]["exports"] == way
    issued = audit(station, kind="credential_issued")
    shown = [station.api("auditor").ask(f"/api/v1/audit/lines/{line['seq']}")["data"] for line in issued[:2]]
    assert [line.get("exports", False) for line in shown] == [False, True], "it stands in the log who may"
    admin.http.close()


def test_only_a_machines_token_is_given_out_for_it(station: RunningStation) -> None:
    admin = station.api("admin")
    for sort, more in (
        ("one_time_link", {"role": "auditor"}),
        ("device", {"role": "sos_point", "point_id": "sos-01"}),
    ):
        asked = {"sort": sort, "name": "x", "exports": True, **more}
        refused = admin.post("/api/v1/admin/credentials", asked)
        assert (refused.status_code, code_of(refused)) == (422, "exports_of_a_person")


def test_the_command_line_gives_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Station(tmp_path).close()
    where = ["--data", str(tmp_path)]
    assert (
        run(["credential", "issue", "--role", "auditor", "--name", "records", "--exports", *where], wire) == 0
    )
    assert run(["credential", "list", *where], wire) == 0
    listed = capsys.readouterr().out.splitlines()
    assert next(line for line in listed if ",records," in line).endswith(",good,yes")
