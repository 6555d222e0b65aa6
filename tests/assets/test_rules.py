"""READY, WATCH, DOWN, UNKNOWN: what the evidence says, and what silence does not say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.assets import rules
from safezone.assets.rules import Evidence, Judgement, judge, judge_site
from safezone.core.i18n import Words
from safezone.core.settings import Heartbeats
from safezone.events.assets import Lifecycle, Readiness

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
LIMITS = Heartbeats(interval_s=60, watch_after_s=150, down_after_s=300)
LONG_AGO = NOW - timedelta(days=1)

READINESS = st.sampled_from(get_args(Readiness))
LIFECYCLES = st.sampled_from(get_args(Lifecycle))
AGES = st.floats(0, 2000)


def _heard(age_s: float, before: Readiness = "READY", battery_pct: float | None = None) -> Evidence:
    return Evidence("in_service", before, NOW - timedelta(seconds=age_s), battery_pct)


@pytest.mark.parametrize(
    ("age_s", "readiness", "th", "en"),
    [
        (0, "READY", "ได้รับสัญญาณตามเวลา", "heard as expected"),
        (150, "READY", "ได้รับสัญญาณตามเวลา", "heard as expected"),
        (151, "WATCH", "ไม่ได้รับสัญญาณมา 2 นาที", "silent for 2 min"),
        (301, "DOWN", "ไม่ได้รับสัญญาณมา 5 นาที", "silent for 5 min"),
        (7_300, "DOWN", "ไม่ได้รับสัญญาณมา 2 ชม.", "silent for 2 h"),
        (90_000, "DOWN", "ไม่ได้รับสัญญาณมา 1 วัน", "silent for 1 d"),
    ],
)
def test_silence_grows_into_watch_and_down(age_s: float, readiness: Readiness, th: str, en: str) -> None:
    judged = judge("sos_point", _heard(age_s), NOW, NOW - timedelta(days=9), LIMITS)
    assert judged == Judgement(readiness, Words(th, en))


@pytest.mark.parametrize(
    ("kind", "lifecycle", "en"),
    [
        ("sos_point", "in_service", "never heard yet: there is no baseline"),
        ("camera", "in_service", "nothing tells yet how this camera is"),
        ("camera", "installed", "not in service: installed, waiting to go live"),
        ("sos_point", "retired", "retired"),
    ],
)
def test_without_evidence_it_is_unknown(kind: str, lifecycle: Lifecycle, en: str) -> None:
    judged = judge(kind, Evidence(lifecycle), NOW, LONG_AGO, LIMITS)
    assert judged is not None
    assert (judged.readiness, judged.reason.en) == ("UNKNOWN", en)


def test_a_point_that_is_not_in_service_is_not_judged_by_its_heartbeat() -> None:
    evidence = Evidence("installed", "UNKNOWN", NOW)
    judged = judge("sos_point", evidence, NOW, LONG_AGO, LIMITS)
    assert judged is not None
    assert judged.readiness == "UNKNOWN"


def test_a_low_battery_is_watched_while_it_is_heard() -> None:
    judged = judge("sos_point", _heard(5, battery_pct=12.4), NOW, LONG_AGO, LIMITS)
    assert judged == Judgement("WATCH", Words("แบตเตอรี่เหลือ 12 %", "battery at 12 %"))


@given(age_s=AGES, listened_s=AGES, before=READINESS)
def test_nobody_is_blamed_for_what_nobody_could_hear(
    age_s: float, listened_s: float, before: Readiness
) -> None:
    """Just after a restart an old sign of life says nothing new, and it never gets worse by it."""
    judged = judge("sos_point", _heard(age_s, before), NOW, NOW - timedelta(seconds=listened_s), LIMITS)
    if listened_s <= LIMITS.watch_after_s:
        assert judged is None or judged.readiness == "READY"
    if listened_s <= LIMITS.down_after_s:
        assert judged is None or judged.readiness != "DOWN"
    if age_s > LIMITS.down_after_s and listened_s > LIMITS.down_after_s:
        assert judged is not None
        assert judged.readiness == "DOWN"


@given(one=AGES, other=AGES, listened_s=AGES)
def test_longer_silence_is_never_better(one: float, other: float, listened_s: float) -> None:
    rank = ("READY", "WATCH", "DOWN")
    since = NOW - timedelta(seconds=listened_s)
    by_age = [judge("sos_point", _heard(age_s), NOW, since, LIMITS) for age_s in sorted((one, other))]
    shown = [rank.index(judged.readiness) if judged else 0 for judged in by_age]
    assert shown == sorted(shown)


@given(age_s=AGES, listened_s=AGES)
def test_down_stays_down_until_it_is_heard(age_s: float, listened_s: float) -> None:
    judged = judge("sos_point", _heard(age_s, "DOWN"), NOW, NOW - timedelta(seconds=listened_s), LIMITS)
    if age_s > LIMITS.watch_after_s:
        assert judged is None or judged.readiness == "DOWN"
    else:
        assert judged is not None
        assert judged.readiness == "READY"


@given(st.lists(st.tuples(LIFECYCLES, READINESS)))
def test_a_site_is_as_well_as_its_worst_camera_in_service(cameras: list[tuple[Lifecycle, Readiness]]) -> None:
    judged = judge_site("in_service", cameras)
    counted = {readiness for lifecycle, readiness in cameras if lifecycle == "in_service"}
    expected = next((r for r in ("DOWN", "UNKNOWN", "WATCH", "READY") if r in counted), "UNKNOWN")
    assert judged.readiness == expected


def test_a_site_says_how_many_of_its_cameras() -> None:
    cameras: list[tuple[Lifecycle, Readiness]] = [
        ("in_service", "READY"),
        ("in_service", "DOWN"),
        ("in_service", "DOWN"),
        ("installed", "UNKNOWN"),
    ]
    assert judge_site("in_service", cameras) == Judgement(
        "DOWN", Words("กล้อง 2 จาก 3 ตัวใช้งานไม่ได้", "2 of 3 cameras down")
    )
    assert judge_site("in_service", cameras[3:]).reason.en == "no camera is in service at this site"
    assert judge_site("approved", cameras).reason.en == "not in service: approved"


@given(st.floats(0, 1e7))
def test_a_duration_is_never_longer_than_it_was(duration_s: float) -> None:
    said = rules.duration_words(duration_s).en.split()
    size_s = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}[said[1]]
    assert int(said[0]) * size_s <= duration_s < (int(said[0]) + 1) * size_s
