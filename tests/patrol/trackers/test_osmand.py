"""Captured messages of OsmAnd and the Traccar Client, and what each of them means."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.db import to_us
from safezone.core.errors import Invalid
from safezone.patrol.rules import Claim
from safezone.patrol.trackers import osmand
from tests.support.places import shared_data

CHANNEL = Path(__file__).resolve().parents[2] / "channels" / "osmand"
UNIT = "K7wq-2mR_car1"


def captured(name: str) -> osmand.Message:
    raw = (CHANNEL / name).read_bytes()
    return osmand.decode("", raw) if name.endswith(".json") else osmand.decode(raw.decode(), b"")


def at(text: str) -> int:
    return to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "traccar_client_8.query",
            Claim(
                104.72351,
                16.54203,
                at("2025-11-20T07:30:00"),
                accuracy_m=4.8,
                speed_kmh=21.598272 * 1.852,
                heading_deg=87.5,
                battery_pct=71.0,
            ),
        ),
        ("osmand_app_iso_time.query", Claim(104.72402, 16.5431, at("2026-11-20T07:30:05"), speed_kmh=0.0)),
        ("milliseconds_and_unknowns.query", Claim(104.72402, 16.5431, at("2025-11-20T07:30:05.123"))),
        ("plain_date.query", Claim(104.72, 16.54, at("2026-11-20T07:30:05"))),
        ("location_pair.query", Claim(104.72351, 16.54203, at("2025-11-20T07:30:00"))),
        ("no_time.query", Claim(104.72351, 16.54203, None, accuracy_m=12.0)),
        (
            "traccar_client_9.json",
            Claim(
                104.72351,
                16.54203,
                at("2026-11-20T07:30:05.512"),
                accuracy_m=5.2,
                speed_kmh=11.11 * 3.6,
                heading_deg=87.4,
                battery_pct=71.0,
            ),
        ),
        (
            "traccar_client_9_unknowns.json",
            Claim(104.72351, 16.54203, at("2026-11-20T07:30:05.512"), accuracy_m=5.0),
        ),
    ],
)
def test_a_captured_message_means(name: str, expected: Claim) -> None:
    assert captured(name) == osmand.Message(UNIT, [expected])


def test_a_batch_keeps_its_order() -> None:
    times = [claim.at_us for claim in captured("traccar_client_9_batch.json").claims]
    assert times == [at("2026-11-20T07:30:05"), at("2026-11-20T07:30:15")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("cell_towers_only.query", "tracker_without_position"),
        ("no_identifier.query", "tracker_without_id"),
        ("time_is_a_word.query", "tracker_unreadable"),
        ("latitude_is_nan.query", "tracker_unreadable"),
        ("no_location.json", "tracker_without_position"),
        ("cut_off.json", "tracker_unreadable"),
    ],
)
def test_a_useless_message_is_refused_in_both_languages(name: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        captured(name)
    assert refusal.value.code == code
    assert refusal.value.words.th
    assert refusal.value.words.en


def test_a_form_body_is_read_like_an_address() -> None:
    raw = (CHANNEL / "traccar_client_8.query").read_bytes()
    assert osmand.decode("", raw) == osmand.decode(raw.decode(), b"")


@given(st.text(max_size=200), st.binary(max_size=200))
def test_rubbish_is_refused_and_never_more(query: str, body: bytes) -> None:
    with contextlib.suppress(Invalid):
        osmand.decode(query, body)
    osmand.find_identifier(query.encode(), body)


def test_every_recorded_query_is_read_or_refused_for_what_it_lacks() -> None:
    lines = shared_data("formats/owntracks_osmand/osmand_query.txt").read_text().split()
    read, refused = [], []
    for line in lines:
        try:
            read.append(osmand.decode_query(urlsplit(line).query))
        except Invalid as refusal:
            refused.append(refusal.code)
    assert refused == ["tracker_without_position", "tracker_without_id"]
    assert len(read) == len(lines) - 2
    assert read[-1].claims[0].speed_kmh == pytest.approx(74.08)


def test_every_recorded_body_is_read() -> None:
    lines = shared_data("formats/owntracks_osmand/traccar_client_json.jsonl").read_bytes().splitlines()
    read = [osmand.decode("", line) for line in lines if line.strip()]
    assert [m.identifier for m in read] == ["48241179", "658765", "8737767034"]
    assert [m.claims[0].heading_deg for m in read] == [None, None, 63.0]
    assert [m.claims[0].battery_pct for m in read] == [100.0, None, pytest.approx(79.0)]
