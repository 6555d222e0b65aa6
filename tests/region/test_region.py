"""Three stations in one database: the seat, one that has named it, and one that has not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import func, select

from safezone.core.log import log
from safezone.core.rebuild import verify
from safezone.entrypoints.cli.parsing import run
from safezone.main import wire
from safezone.region.store import region_look
from tests.support.engines import EngineName
from tests.support.neighbours import Neighbour, database_of
from tests.support.station import REGIONAL, STATION, Api, RunningStation

STATIONS = "/api/v1/region/stations"
WORDS = "คำของผู้แจ้งที่ไม่มีใครควรเห็น"


class Three(NamedTuple):
    """The seat, a station that names it as long as nothing else is said, and one that does not."""

    seat: RunningStation
    willing: Neighbour
    other: Neighbour


@pytest.fixture(scope="module")
def three(engine: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    seat = RunningStation(tmp_path_factory.mktemp("seat"))
    willing = Neighbour(seat, tmp_path_factory.mktemp("willing"), "willing")
    other = Neighbour(seat, tmp_path_factory.mktemp("other"), "other")
    yield Three(seat, willing, other)
    for each in (other, willing, seat):
        each.close()


@pytest.fixture(autouse=True)
def _named(three: Three) -> None:
    """Each test begins with the consent of one of the two; the other names a station that is nobody's."""
    three.willing.names_seat(STATION)
    three.other.names_seat("mdh-2")


def shown(api: Api, **query: Any) -> list[str]:
    return [item["id"] for item in api.ask(STATIONS, **query)["items"]]


def looked_from_region(station: RunningStation) -> list[dict[str, Any]]:
    """The looks from the seat of the region that a station's auditor finds."""
    items: list[dict[str, Any]] = station.api("auditor").ask("/api/v1/audit", kind="looked_from_region")[
        "items"
    ]
    return items


def test_the_seat_sees_itself_and_who_has_named_it_and_nobody_else(three: Three) -> None:
    commander = three.seat.api(REGIONAL)
    assert shown(commander) == [STATION, "willing"]
    assert commander.get(f"{STATIONS}/willing").status_code == 200
    there, nowhere = (commander.get(f"{STATIONS}/{each}") for each in ("other", "no-station"))
    assert there.status_code == nowhere.status_code == 404
    assert there.text.replace("other", "…") == nowhere.text.replace("no-station", "…")


def test_a_withdrawn_consent_ends_it_at_once(three: Three) -> None:
    commander = three.seat.api(REGIONAL)
    three.willing.names_seat("")
    assert shown(commander) == [STATION]
    assert commander.get(f"{STATIONS}/willing").status_code == 404
    three.other.names_seat(STATION)
    assert shown(commander) == [STATION, "other"]


def test_the_scope_of_a_station_sees_no_other(three: Three) -> None:
    """Not with the role alone, and not where the station has been named: nor anybody of the stations that are seen."""
    for api in (three.seat.api("commander"), three.willing.api("commander")):
        for path in (STATIONS, f"{STATIONS}/{STATION}", f"{STATIONS}/willing"):
            refused = api.get(path)
            assert (refused.status_code, refused.json()["code"]) == (403, "scope_is_station")
    assert shown(three.willing.api(REGIONAL)) == ["willing"], "nobody has named it"
    for stranger in (three.willing, three.other):
        token = stranger.tokens["commander"]
        api = Api(three.seat.url, token)
        assert api.get(STATIONS).status_code == 401, "the people of one station are nobody at another"
        api.http.close()


def test_a_person_gets_the_scope_from_the_administrator_of_the_seat_and_loses_it(three: Three) -> None:
    admin, nobody = three.seat.api("admin"), Api(three.seat.url, None)
    place = {"role": "commander", "scope": "ภ.จว.", "reach": "region"}
    refused = admin.post("/api/v1/admin/accounts", {"login": "chief-2", **place, "role": "chief"})
    assert (refused.status_code, refused.json()["code"]) == (422, "reach_of_a_commander")
    made = admin.act("/api/v1/admin/accounts", {"login": "province", **place})
    assert made["account"]["reach"] == "region"
    chosen = {"token": made["link"].partition("#token=")[2], "password": "a horse on a bridge"}
    nobody.act("/api/v1/session/invitation/accept", chosen)
    assert nobody.ask("/api/v1/session")["reach"] == "region"
    assert shown(nobody) == [STATION, "willing"]
    changed = admin.act(
        f"/api/v1/admin/accounts/{made['account']['id']}/change", {**place, "reach": "station"}
    )
    assert changed["reach"] == "station"
    assert nobody.get(STATIONS).status_code == 401, "whoever may do something else signs in anew"
    nobody.act("/api/v1/session/password", {"login": "province", "password": chosen["password"]})
    assert nobody.ask("/api/v1/session")["reach"] == "station"
    assert nobody.get(STATIONS).json()["code"] == "scope_is_station"
    nobody.http.close()

    def actors() -> set[str]:
        return {item["actor"] for item in looked_from_region(three.willing)}

    account_id = made["account"]["id"]
    assert f"commander:province@{STATION}" in actors()
    admin.act(f"/api/v1/admin/accounts/{account_id}/erase")
    assert f"commander:province@{STATION}" not in actors(), "forgotten there is forgotten here"
    assert f"commander:#{account_id}@{STATION}" in actors()


def test_figures_are_those_of_the_station_with_their_age_and_never_a_word(three: Three) -> None:
    willing = three.willing
    reported = willing.api("public").report("robbery", text=WORDS, reporter={"name": WORDS})
    operator = willing.api("operator")
    willing.clock.advance(12)
    incident = operator.on(operator.incident(reported["incident_id"]), "acknowledge")
    assert incident["state"] == "acknowledged"
    unit = next(iter(operator.ask("/api/v1/units")["items"]))["id"]
    willing.api("supervisor").act(f"/api/v1/units/{unit}/duty", {"on": True})
    commander = three.seat.api(REGIONAL)
    three.seat.clock.advance((willing.clock.now() - three.seat.clock.now()).total_seconds())
    answer = commander.get(STATIONS, days=7)
    seat, seen = answer.json()["items"]
    assert (seat["is_seat"], seat["synthetic"], seat["incidents"], seat["reported_at"]) == (
        True,
        True,
        0,
        None,
    )
    assert (seen["is_seat"], seen["synthetic"], seen["incidents"]) == (False, False, 1)
    assert seen["name"] == {"th": willing.name.th, "en": willing.name.en}
    assert seen["to_acknowledge"] == {"n": 1, "median_s": 12.0, "p90_s": 12.0}
    assert (seen["on_duty"], seen["units"]) == (1, 6)
    assert seen["in_service"] > 0
    own = willing.api("chief").ask("/api/v1/overview")
    assert seen["ready"] == own["equipment"]["by_readiness"].get("READY", 0)
    assert None not in (seen["reported_at"], seen["duty_at"], seen["heard_at"], seen["recorded_at"])
    assert seen["reported_at"] < seen["recorded_at"] <= answer.json()["at"]
    one = commander.get(f"{STATIONS}/willing")
    for text in (answer.text, one.text):
        assert WORDS not in text
        assert reported["incident_id"] not in text
        assert '"lon"' not in text
    view = one.json()
    for part in ("incidents", "equipment", "duty"):
        assert {**view[part], "since": 0, "until": 0} == {**own[part], "since": 0, "until": 0}, part


def test_what_only_the_other_program_knows_is_said_to_be_unknown(three: Three) -> None:
    commander = three.seat.api(REGIONAL)
    view = commander.ask(f"{STATIONS}/willing")
    assert view["works"] is None
    unknown = {name for name, value in view["kept"].items() if value is None}
    assert unknown >= {"backup_at", "backup_failed", "drill_at", "drill_failed", "retention_days"}
    own = commander.ask(f"{STATIONS}/{STATION}")
    assert own["works"]["state"]
    assert own["kept"]["retention_days"]["incident"] > 0


def test_a_look_is_in_the_record_of_the_seat_and_in_the_audit_of_who_was_looked_at(three: Three) -> None:
    seat, willing = three.seat, three.willing
    commander, head = seat.api(REGIONAL), seat.head()
    before = [looked_from_region(each) for each in (three.other, seat)]
    commander.ask(STATIONS)
    commander.ask(f"{STATIONS}/willing")
    assert commander.get(f"{STATIONS}/other").status_code == 404
    lines = [entry for entry in seat.log(after=head) if entry.kind == "stations_looked_at"]
    assert [(entry.actor, entry.event.about, entry.event.stations) for entry in lines] == [  # type: ignore[attr-defined]
        (f"commander:{REGIONAL}", "region", (STATION, "willing")),
        (f"commander:{REGIONAL}", "willing", ("willing",)),
    ]
    noted = seat.api("auditor").ask("/api/v1/admin/access", about="willing")["items"]
    assert (noted[0]["what"], noted[0]["actor"]) == ("saw_station", f"commander:{REGIONAL}")

    found = looked_from_region(willing)
    newest = [(item["actor"], item["subject"]) for item in found[:2]]
    assert newest == [(f"commander:{REGIONAL}@{STATION}", STATION)] * 2
    assert [datetime.fromisoformat(item["at"]) for item in found[:2]] == [entry.at for entry in lines[::-1]]
    willing.names_seat("")
    whose = f"commander:{REGIONAL}@{STATION}"
    later = willing.api("auditor").ask("/api/v1/audit", only="looks", actor=whose)["items"]
    assert [item["id"] for item in later] == [item["id"] for item in found if item["actor"] == whose], (
        "it stays without the consent"
    )
    assert [looked_from_region(each) for each in (three.other, seat)] == before, "nobody else finds it there"
    assert before[1] == [], "and the seat has its own log for its own looks"


def test_the_list_of_looks_has_those_from_the_region_on_the_screen_and_in_the_command(
    three: Three, capsys: pytest.CaptureFixture[str]
) -> None:
    seat, willing = three.seat, three.willing

    def looks_in(nobody: Any) -> list[str]:
        items = nobody.api("auditor").ask("/api/v1/admin/access", limit=1000)["items"]
        return [each["at"] for each in items if each["what"] == "looked_from_region"]

    before = [looks_in(nobody) for nobody in (three.other, seat)]
    seat.api(REGIONAL).ask(f"{STATIONS}/willing")
    whose, auditor = f"commander:{REGIONAL}@{STATION}", willing.api("auditor")

    def listed(**query: Any) -> list[tuple[str, str]]:
        items = auditor.ask("/api/v1/admin/access", **query)["items"]
        assert [each["at"] for each in items] == sorted((each["at"] for each in items), reverse=True)
        return [(each["what"], each["actor"]) for each in items]

    look = ("looked_from_region", whose)
    assert look in listed()
    assert set(listed(actor=whose)) == {look}
    assert look in listed(about=STATION)
    assert look not in listed(about="willing")
    assert len(listed(actor=whose, limit=1)) == 1
    settings = willing.path / "safezone.toml"
    settings.write_text(f'station = "willing"\ndatabase_url = "{database_of(seat)}"\n', "utf-8")
    assert run(["access", "--data", str(willing.path), "--actor", whose], wire) == 0
    printed = capsys.readouterr()
    assert "looked_from_region" in printed.out
    assert not printed.err
    settings.unlink()
    assert [looks_in(nobody) for nobody in (three.other, seat)] == before, "theirs alone who was looked at"


def test_looks_are_paged_through_with_everything_else(three: Three) -> None:
    for _ in range(3):
        three.seat.api(REGIONAL).ask(f"{STATIONS}/willing")
    auditor = three.willing.api("auditor")
    whole = [item["id"] for item in auditor.ask("/api/v1/audit", limit=500, until=after_all(three))["items"]]
    page = auditor.ask("/api/v1/audit", limit=2, until=after_all(three))
    paged = [item["id"] for item in page["items"]]
    while page["next"] is not None:
        page = auditor.ask("/api/v1/audit", limit=2, until=after_all(three), after=page["next"])
        paged += [item["id"] for item in page["items"]]
    assert [each for each in paged if "access" not in each] == [
        each for each in whole if "access" not in each
    ]
    assert sum(each.startswith("region-") for each in paged) >= 3


def after_all(three: Three) -> str:
    """A moment after everything that has happened so far."""
    return f"{three.willing.clock.now():%Y-%m-%dT%H:%M:%S}.999999Z"


def test_the_record_says_it_again(three: Three) -> None:
    three.seat.api(REGIONAL).ask(STATIONS)
    verdicts = verify(three.seat.database, three.seat.bus)
    assert [verdict.station for verdict in verdicts if verdict.content] == ["mdh", "other", "willing"]
    before = three.seat.rows(select(region_look).order_by(region_look.c.seq, region_look.c.looked_at))
    assert before
    kinds = select(func.count()).where(log.c.kind == "stations_looked_at", log.c.station != STATION)
    assert three.seat.rows(kinds)[0][0] <= 1, "only the seat writes that it looks: here, and in its own log"
