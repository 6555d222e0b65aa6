"""Nobody can rewrite the log: whatever is changed in it, at any line, is found."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from sqlalchemy import select

from safezone.core.credentials import credential
from safezone.core.log import ChainBroken, line_hash, log
from safezone.core.rebuild import verify
from safezone.core.vault import open_many, sealed
from tests.core.ground import STATION, Ground, Say

LINES = 10
COLUMNS: dict[str, Any] = {
    "station": "elsewhere",
    "seq": 1000,
    "id": "018f0000-0000-7000-8000-000000000000",
    "at_us": 1,
    "actor": "operator:somebody-else",
    "kind": "test_said",
    "subject": "something else",
    "data": '{"kind":"test_said","thing":"something else"}',
    "prev_hash": "f" * 64,
    "hash": "e" * 64,
}
"""To what each column of a line is changed."""


@pytest.fixture
def told(ground: Ground) -> Ground:
    """A ground with ten lines in its log: a word and its credential, five times."""
    for number in range(LINES // 2):
        ground.do(Say(f"thing {number}", text="สวัสดี"))
    assert ground.verdict().content
    return ground


def test_every_column_of_a_line_is_tampered_with() -> None:
    assert set(COLUMNS) == set(log.c.keys()), "a new column of the log needs its own attack here"


@pytest.mark.parametrize("seq", [1, 6, LINES])
@pytest.mark.parametrize("column", COLUMNS)
def test_any_change_of_any_line_is_found(told: Ground, column: str, seq: int) -> None:
    # Line 6 is a credential, 1 a word, 10 a credential: the change is a change in each.
    if column == "kind" and seq == 1:
        changed = told.tamper("UPDATE log SET kind = 'credential_issued' WHERE seq = 1")
    else:
        changed = told.tamper(f"UPDATE log SET {column} = ? WHERE seq = ?", COLUMNS[column], seq)
    assert changed == 1
    verdict = next(v for v in verify(told.database, told.bus) if v.station == STATION)
    assert not verdict.content
    assert verdict.broken is not None
    assert re.search(rf"line ({seq}|{seq + 1}|1000):", verdict.broken), verdict.broken


@pytest.mark.parametrize("seq", [1, 6, LINES])
def test_a_missing_line_is_found(told: Ground, seq: int) -> None:
    assert told.tamper("DELETE FROM log WHERE seq = ?", seq) == 1
    broken = told.verdict().broken
    assert broken is not None
    assert ("the log ends at line 9" if seq == LINES else f"line {seq}: missing") in broken


def test_two_lines_that_changed_places_are_found(told: Ground) -> None:
    for old, new in ((2, 1000), (4, 2), (1000, 4)):
        told.tamper("UPDATE log SET seq = ? WHERE seq = ?", new, old)
    assert "line 2:" in (told.verdict().broken or "")


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE station_head SET seq = seq - 1",
        "UPDATE station_head SET seq = seq + 1",
        "UPDATE station_head SET hash = 'f'",
        "DELETE FROM station_head",
    ],
)
def test_a_head_that_lies_is_found(told: Ground, lie: str) -> None:
    assert told.tamper(lie) == 1
    assert told.verdict().broken


def test_a_chain_that_was_forged_from_some_line_on_does_not_reach_the_head(told: Ground) -> None:
    """Whoever recomputes every hash behind a forged line must also forge the head, and cannot without being seen."""
    lines = told.rows(select(log).order_by(log.c.seq))
    prev = lines[3].prev_hash
    for line in lines[3:]:
        actor = "operator:nobody" if line.seq == 4 else line.actor
        hashed = line_hash(
            line.station, line.seq, line.id, line.at_us, actor, line.kind, line.subject, line.data, prev
        )
        told.tamper(
            "UPDATE log SET actor = ?, prev_hash = ?, hash = ? WHERE seq = ?", actor, prev, hashed, line.seq
        )
        prev = hashed
    assert f"line {LINES}: the log ends at line {LINES}" in (told.verdict().broken or "")


def test_a_forged_line_with_a_good_hash_of_its_own_breaks_the_chain_behind_it(told: Ground) -> None:
    line = told.rows(select(log).where(log.c.seq == 4))[0]
    hashed = line_hash(
        line.station,
        line.seq,
        line.id,
        line.at_us,
        "nobody",
        line.kind,
        line.subject,
        line.data,
        line.prev_hash,
    )
    told.tamper("UPDATE log SET actor = 'nobody', hash = ? WHERE seq = 4", hashed)
    assert "line 5: it is not chained to the line before it" in (told.verdict().broken or "")


def test_the_hash_of_a_line_is_as_documented(told: Ground) -> None:
    """SHA-256 over the JSON array of the fields: a change of the formula would break every chain ever written."""
    for line in told.rows(select(log).order_by(log.c.seq)):
        fields = [
            line.station, line.seq, line.id, line.at_us, line.actor, line.kind, line.subject, line.data, line.prev_hash
        ]  # fmt: skip
        by_hand = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
        assert hashlib.sha256(by_hand).hexdigest() == line.hash


# ── the tables are what the log says ──


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE credential SET role = 'admin' WHERE name = 'thing 2'",
        "DELETE FROM credential WHERE name = 'thing 2'",
        (
            "INSERT INTO credential (station, id, sort, role, name, secret_sha256, issued_at_us) "
            "VALUES ('mdh', 'x', 'token', 'admin', 'thing 2', 'y', 1)"
        ),
    ],
)
def test_a_row_that_the_log_does_not_explain_is_found_and_mended(told: Ground, change: str) -> None:
    before = told.rows(select(credential).order_by(credential.c.id))
    assert told.tamper(change) == 1
    verdict = told.verdict()
    assert verdict.broken is None
    assert [d.table for d in verdict.differences] == ["credential"]
    assert told.rebuild() == {STATION: LINES}
    assert told.verdict().content
    assert told.rows(select(credential).order_by(credential.c.id)) == before


def test_a_broken_chain_leaves_the_tables_as_they_are(told: Ground) -> None:
    before = told.rows(select(credential).order_by(credential.c.id))
    told.tamper("UPDATE log SET actor = 'nobody' WHERE seq = 5")
    with pytest.raises(ChainBroken, match="line 5: its content does not match its hash"):
        told.rebuild()
    assert told.rows(select(credential).order_by(credential.c.id)) == before


@pytest.mark.parametrize("what", ["box", "nonce", "key"])
def test_sealed_content_that_was_damaged_is_found_and_takes_nothing_else_with_it(
    told: Ground, what: str
) -> None:
    table = "sealed_key" if what == "key" else "sealed"
    changed = told.tamper(
        f"UPDATE {table} SET {what} = ? WHERE ref = (SELECT max(ref) FROM sealed)",
        bytes(12 if what == "nonce" else 32),
    )
    assert changed == 1
    verdict = told.verdict()
    assert [d.table for d in verdict.differences] == ["sealed"]
    refs = [row.ref for row in told.rows(select(sealed.c.ref).order_by(sealed.c.ref))]
    with told.database.read() as conn:
        assert sorted(open_many(conn, STATION, refs)) == refs[:-1]


def test_other_words_under_an_old_reference_are_found(told: Ground) -> None:
    """Sealed anew and properly, with a key of its own: only the keyed hash in the log tells."""
    ref = told.rows(select(sealed.c.ref).order_by(sealed.c.ref))[0].ref
    key, nonce = os.urandom(32), os.urandom(12)
    told.tamper("UPDATE sealed_key SET key = ? WHERE ref = ?", key, ref)
    box = ChaCha20Poly1305(key).encrypt(nonce, "ลาก่อน".encode(), ref.encode())
    told.tamper("UPDATE sealed SET box = ?, nonce = ? WHERE ref = ?", box, nonce, ref)
    assert [(d.table, d.key) for d in told.verdict().differences] == [("sealed", ref)]
