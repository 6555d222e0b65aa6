"""Values that no engine can keep or compare are told apart from a fault of ours, on both engines."""

from __future__ import annotations

from tests.support.station import RunningStation


def test_a_nul_character_in_an_action_is_refused_in_both_languages(shared: RunningStation) -> None:
    answer = shared.api().post("/api/v1/handover", {"text": "before\0after"})
    assert answer.status_code == 422, answer.text
    assert "NUL" in answer.json()["words"]["th"]


def test_an_emergency_with_one_is_taken(shared: RunningStation) -> None:
    told = shared.api().report(text="ช่วยด้วย\0")
    assert told["incident_id"]


def test_an_address_with_one_is_not_our_fault(shared: RunningStation) -> None:
    for path in ("/api/v1/incidents/a%00b", "/api/v1/units/a%00b", "/api/v1/reports/status/a%00b"):
        assert shared.api().get(path).status_code in (404, 405, 422), path
