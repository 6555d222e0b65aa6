"""What Prometheus reads: right numbers, nobody's name, and only for those who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from safezone.core.settings import Metrics, Settings
from safezone.entrypoints.figures import Spread
from tests.support.station import RunningStation


@pytest.fixture
def station(tmp_path: Path) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path / "data")
    yield station
    station.close()


def read(station: RunningStation) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and the values of its labels."""
    answer = station.api("public").get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples
    }


def test_what_happens_is_counted(station: RunningStation) -> None:
    api = station.api("sos-01")
    before = read(station)
    key = {"Idempotency_Key": "k1"}
    for _ in range(2):
        assert api.post("/api/v1/reports", {"kind": "sos"}, **key).status_code in (200, 201)
    assert api.post("/api/v1/reports", {"kind": "nothing"}).status_code == 422
    assert station.api("operator").get("/api/v1/units/nobody-knows").status_code == 404
    after = read(station)

    def more(name: str, *labels: str) -> float:
        return after.get((name, labels), 0.0) - before.get((name, labels), 0.0)

    assert more("safezone_reports_total", "sos_point", "stored") == 1
    assert more("safezone_reports_total", "sos_point", "repeated") == 1
    assert more("safezone_commands_total", "ReportEmergency", "stored") == 2
    assert more("safezone_command_seconds_count") >= 2
    assert more("safezone_command_seconds_bucket", "+Inf") == more("safezone_command_seconds_count")
    assert more("safezone_http_requests_total", "POST", "/api/v1/reports", "422") == 1
    assert more("safezone_http_requests_total", "GET", "/api/v1/units/{unit_id}", "404") == 1
    assert after["safezone_incidents", ("reported",)] == 1
    assert after["safezone_equipment", ("sos_point", "UNKNOWN")] > 0
    assert after["safezone_part_state", ("record",)] == 0
    assert after["safezone_disk_free_bytes", ()] > 0
    assert after["process_resident_memory_bytes", ()] > 1 << 20
    assert after["process_open_fds", ()] > 3


def test_no_label_says_who_or_what_incident(station: RunningStation) -> None:
    answer = station.api("operator").report(
        "assault", text="secret words", reporter={"name": "Nobody", "phone": "0811"}
    )
    station.api("operator").get(f"/api/v1/incidents/{answer['incident_id']}")
    station.api("operator").get("/wp-admin/0811")
    said = station.api("public").get("/metrics").text
    for each in (
        answer["incident_id"],
        "Nobody",
        "0811",
        "secret words",
        "wp-admin",
        *station.tokens.values(),
    ):
        assert each not in said


def test_the_token_and_the_proxy(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken\n")
    for settings, headers, status in (
        (Metrics(), {}, 200),
        (Metrics(), {"X-Forwarded-For": "203.0.113.9"}, 403),
        (Metrics(access="nobody"), {}, 403),
        (Metrics(access="token", token_file=str(token)), {}, 403),
        (Metrics(access="token", token_file=str(token)), {"Authorization": "Bearer wrong"}, 403),
        (Metrics(access="token", token_file=str(token)), {"Authorization": "Bearer t0ken"}, 200),
        (Metrics(access="token", token_file=str(tmp_path / "none")), {"Authorization": "Bearer x"}, 403),
    ):
        station = RunningStation(tmp_path / "data", msgspec.structs.replace(Settings(), metrics=settings))
        try:
            answer = httpx.get(f"{station.url}/metrics", headers=headers, trust_env=False, timeout=60)
            assert answer.status_code == status, (settings, headers)
        finally:
            station.close()


def test_a_spread_counts_each_value_once() -> None:
    spread = Spread((1, 2))
    for value in (0.5, 1, 1.5, 9):
        spread.add(value)
    assert spread.cumulated() == [("1", 2.0), ("2", 3.0), ("+Inf", 4.0)]
    assert spread.total == 12
