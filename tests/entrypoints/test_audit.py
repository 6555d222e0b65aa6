"""The auditor's timeline: everything in one order, page by page; taken out with a purpose that stands in the log first."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from safezone.core.audit import Filter
from safezone.core.auth import IssueCredential, Issued, RevokeCredential, installer
from safezone.core.errors import NotSignedIn
from safezone.core.log import log
from safezone.entrypoints.audit import export
from safezone.entrypoints.audit.export import safe_cell
from safezone.entrypoints.audit.timeline import Cursor
from tests.support.engines import EngineName
from tests.support.places import eventually
from tests.support.station import STATION, Api, RunningStation, who

AUDIT = "/api/v1/audit"
SECRET = "ผู้แจ้งชื่อสมหญิง"


@pytest.fixture(scope="module")
def station(engine: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("audit"))
    operator = station.api("operator")
    for number in range(12):
        station.clock.advance(1)
        view = operator.incident(station.api("public").report("noise", text=SECRET)["incident_id"])
        if number % 3 == 0:
            operator.on(view, "acknowledge")
    station.clock.advance(1)
    assert station.api("car-1").get("/api/v1/audit").status_code == 403
    station.settle()
    yield station
    station.close()


@pytest.fixture(scope="module")
def exporter(station: RunningStation) -> Iterator[Api]:
    """An auditor whose token was given out for exports."""
    asked = IssueCredential(sort="token", role="auditor", name="inspector", exports=True)
    api = Api(station.url, station.do(asked, installer(STATION)).secret)
    yield api
    api.http.close()


def everything(api: Api, limit: int = 7, **query: Any) -> list[dict[str, Any]]:
    """Every line of the timeline, page by page."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = api.ask(AUDIT, limit=limit, **query, **after)
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def test_every_line_of_the_log_is_there_once_and_in_order(station: RunningStation) -> None:
    auditor = station.api("auditor")
    lines = everything(auditor, only="done")
    assert [line["seq"] for line in lines] == list(range(station.head(), 0, -1))
    both = everything(auditor, limit=500)
    times = [line["at"] for line in both]
    assert times == sorted(times, reverse=True)
    assert len({line["id"] for line in both}) == len(both)
    assert {line["kind"] for line in both} > {"report_received", "opened_incident", "refused", "read_audit"}
    assert SECRET not in json.dumps(both, ensure_ascii=False)


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({"kind": "incident_acknowledged"}, {"incident_acknowledged"}),
        ({"only": "refusals"}, {"refused"}),
        ({"actor": "unit:car-1"}, {"refused"}),
        ({"actor": "operator:*", "only": "done"}, {"incident_acknowledged"}),
        ({"actor": "operator:*", "kind": "opened_incident"}, {"opened_incident"}),
        ({"actor": "operator"}, set()),
    ],
)
def test_what_is_looked_for_is_found_and_nothing_else(
    station: RunningStation, query: dict[str, Any], kinds: set[str]
) -> None:
    found = everything(station.api("auditor"), **query)
    assert {line["kind"] for line in found} - {"unit_signed_on"} == kinds


def test_one_incident_has_what_was_done_and_who_looked(station: RunningStation) -> None:
    auditor = station.api("auditor")
    incident = everything(auditor, kind="incident_acknowledged")[0]["subject"]
    kinds = {line["kind"] for line in everything(auditor, subject=incident)}
    assert kinds == {"report_received", "incident_opened", "incident_acknowledged", "opened_incident"}


def test_a_period_is_from_and_up_to_not_including(station: RunningStation) -> None:
    auditor = station.api("auditor")
    opened = [line["at"] for line in everything(auditor, kind="incident_opened")]
    since, until = opened[6], opened[2]
    found = everything(auditor, kind="incident_opened", since=since, until=until)
    assert [line["at"] for line in found] == opened[3:7]


def test_a_line_shows_the_event_and_no_secret(station: RunningStation) -> None:
    auditor = station.api("auditor")
    issued = everything(auditor, kind="credential_issued")[0]["seq"]
    line = auditor.ask(f"{AUDIT}/lines/{issued}")
    assert line["data"]["secret_sha256"] == "•••"
    assert len(line["hash"]) == len(line["prev_hash"]) == 64
    assert auditor.get(f"{AUDIT}/lines/999999").status_code == 404
    far = [
        Cursor(log=(10**30, 1)),
        Cursor(region=(10**30, "mdh", 1)),
        Cursor(access=("access-2026-11-20.jsonl", -5)),
    ]
    for after in ("nonsense", *(each.encode() for each in far)):
        assert auditor.get(AUDIT, after=after).status_code == 422, after


def test_an_export_is_in_the_log_with_its_purpose_before_it_begins(
    station: RunningStation, exporter: Api
) -> None:
    why = {"code": "complaint", "case": "ร้องเรียน 7/2569", "text": SECRET}
    body = {"purpose": why, "filter": {"kind": "incident_opened"}, "format": "csv"}
    answer = exporter.post(f"{AUDIT}/export", body)
    assert answer.status_code == 200
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 1 + 12
    assert rows[0][:3] == ["time_utc", "thai_time", "actor"]
    assert "/2569 " in rows[1][1]
    (declared,) = everything(exporter, only="exports", kind="look_declared")
    assert (declared["purpose"], declared["case"], declared["actor"]) == (
        "complaint", "ร้องเรียน 7/2569", "auditor:inspector",
    )  # fmt: skip
    line = exporter.ask(f"{AUDIT}/lines/{declared['seq']}")
    assert line["data"]["scope"] == {"kind": "incident_opened", "format": "csv"}
    assert line["purpose_text"] == SECRET
    (access,) = [line for line in everything(exporter, only="exports") if line["kind"] == "exported_audit"]
    assert (access["purpose"], access["case"]) == ("complaint", "ร้องเรียน 7/2569")
    written = b"".join(file.read_bytes() for file in station.folder.access.iterdir()).decode()
    assert SECRET not in written, "what was written freely lies in no plain file"


def test_an_export_breaks_off_when_its_reader_is_put_out(
    station: RunningStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = IssueCredential(sort="token", role="auditor", name="leaver", exports=True)
    leaver: Issued = station.do(asked, installer(STATION))
    monkeypatch.setattr(export, "AT_ONCE", 5)

    async def take() -> int:
        pieces = export.write_export(
            station.desk, leaver.identity, station.folder.access, Filter(), "", "jsonl"
        )
        taken = len((await anext(pieces)).splitlines())
        station.do(RevokeCredential(leaver.credential_id, "left the station"), who("admin"))
        with pytest.raises(NotSignedIn):
            await anext(pieces)
        return taken

    assert asyncio.run(take()) == 5


def test_the_whole_timeline_as_json_lines(exporter: Api) -> None:
    shown = everything(exporter, limit=500)
    answer = exporter.post(f"{AUDIT}/export", {"purpose": {"code": "audit"}, "format": "jsonl"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    ids = [line["id"] for line in lines]
    assert len(set(ids)) == len(ids)
    assert {line["id"] for line in shown} <= set(ids)
    assert any(line["kind"] == "look_declared" for line in lines), "the export itself is in it"


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ({"code": "case_work"}, "purpose_needs_case"),
        ({"code": "complaint", "case": "  "}, "purpose_needs_case"),
        ({"code": "other"}, "purpose_needs_text"),
    ],
)
def test_no_export_without_what_its_purpose_needs(
    station: RunningStation, exporter: Api, why: dict[str, str], code: str
) -> None:
    head = station.head()
    refused = exporter.post(f"{AUDIT}/export", {"purpose": why})
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert exporter.post(f"{AUDIT}/export", {}).status_code in (400, 422)
    assert station.head() == head


def test_a_token_that_was_not_given_out_for_it_takes_nothing_out(station: RunningStation) -> None:
    refused = station.api("auditor").post(f"{AUDIT}/export", {"purpose": {"code": "audit"}})
    assert (refused.status_code, refused.json()["code"]) == (403, "exports_not_given")


def test_the_chain_is_checked_and_a_changed_line_is_named(station: RunningStation) -> None:
    auditor = station.api("auditor")
    eventually(lambda: auditor.ask(f"{AUDIT}/chain")["count"] == 1)
    made = auditor.act(f"{AUDIT}/checkpoints")
    assert (made["count"], made["wrong"]) == (2, 0), "one was made by the clock when the program began"
    name = made["checkpoints"][0]["name"]
    assert auditor.get(f"{AUDIT}/checkpoints/{name}").text.startswith("safezone/mdh\n")
    page = auditor.get(f"{AUDIT}/checkpoints/{name}/print").text
    assert "<svg" in page
    assert "— safezone/mdh " in page
    assert auditor.get(f"{AUDIT}/checkpoints/..%2F..%2Fmaster.key").status_code == 404
    assert checked(auditor)["broken"] is None
    with station.database.write_connection() as conn, conn.begin():
        conn.execute(
            update(log).where(log.c.station == STATION, log.c.seq == 5).values(actor="system:nobody")
        )
    assert checked(auditor)["broken"].startswith("5: its content")


def checked(auditor: Api) -> dict[str, Any]:
    """The verdict of a check that is begun now."""
    assert auditor.post(f"{AUDIT}/chain/check").status_code == 202
    eventually(lambda: auditor.ask(f"{AUDIT}/chain")["check"]["ended_at"] is not None)
    check: dict[str, Any] = auditor.ask(f"{AUDIT}/chain")["check"]
    return check


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    cell = safe_cell(text)
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
    assert cell.removeprefix("'") == text or cell == text


@given(
    st.tuples(st.integers(0), st.integers(0)) | st.none(), st.tuples(st.text(), st.integers(0)) | st.none()
)
def test_a_page_is_named_so_that_it_is_found_again(
    done: tuple[int, int] | None, look: tuple[str, int] | None
) -> None:
    if done is not None and max(done) >= 1 << 63:
        return
    cursor = Cursor(done, look)
    assert Cursor.decode(cursor.encode()) == cursor


def test_a_thing_is_called_as_people_call_it(station: RunningStation, exporter: Api) -> None:
    operator = station.api("operator")
    numbers = {each["id"]: each["number"] for each in operator.ask("/api/v1/incidents", state="all")["items"]}
    opened = everything(exporter, kind="incident_opened")
    assert {line["subject"]: line["about"] for line in opened} == numbers
    operator.ask(f"/api/v1/incidents/{opened[0]['subject']}")
    looked = everything(exporter, kind="opened_incident")[0]
    assert looked["about"] == numbers[looked["subject"]], "a look is about the same thing"
    station.api("supervisor").act("/api/v1/units/car-2/duty", {"on": True})
    assert everything(exporter, kind="unit_signed_on", subject="car-2")[0]["about"] == "มุกดา 12"
    made = station.api("admin").act(
        "/api/v1/admin/accounts", {"login": "somying", "role": "operator", "full_name": SECRET}
    )
    assert everything(exporter, subject=made["account"]["id"])[0]["about"] == "somying", "never the real name"
    answer = exporter.post(
        f"{AUDIT}/export", {"purpose": {"code": "audit"}, "filter": {"kind": "incident_opened"}}
    )
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["about"]: row["called"] for row in rows} == numbers


@pytest.mark.parametrize("start", ["operator:", "unit:", "system:", "", "nobody:"])
def test_everybody_whose_name_begins_so_is_found_in_order_across_pages(exporter: Api, start: str) -> None:
    lines = everything(exporter, only="done", limit=500)
    wanted = [line["seq"] for line in lines if line["actor"].startswith(start)]
    assert [line["seq"] for line in everything(exporter, only="done", actor=f"{start}*", limit=3)] == wanted
