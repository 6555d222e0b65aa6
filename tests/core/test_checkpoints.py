"""Checkpoints: anybody can check the signature, and a database that was rewritten as a whole does not get past them."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from safezone.core.checkpoints import Checkpoint, NotGenuine, Signer, digest_of, read_checkpoint
from safezone.core.log import GENESIS, line_hash, log, station_head
from safezone.core.rebuild import rebuild
from safezone.entrypoints.audit.witness import Witness
from safezone.entrypoints.cli.parsing import run
from safezone.incidents.commands import NoteHandover
from safezone.main import wire
from tests.support.engines import EngineName
from tests.support.station import STATION, Station

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def station(engine: EngineName, tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    for n in range(5):
        station.do(NoteHandover(f"เวร {n}"))
    yield station
    station.close()


def witness_of(station: Station) -> Witness:
    return Witness(station.folder, station.settings, STATION)


def make(station: Station) -> str:
    with station.read() as conn:
        name = witness_of(station).make(conn, station.clock.now())
    assert name
    station.clock.advance(60)
    return name


def results(station: Station) -> list[str | None]:
    with station.read() as conn:
        return [each.result for each in witness_of(station).compare(conn)]


def rewrite(station: Station, actor: str) -> None:
    """What somebody does who has the database and knows the program: the whole log anew, every hash correct, every table after it."""
    with station.database.write_connection() as conn, conn.begin():
        before = GENESIS
        for row in conn.execute(select(log).where(log.c.station == STATION).order_by(log.c.seq)).all():
            who = actor if row.seq == 40 else row.actor
            line = line_hash(
                STATION, row.seq, row.id, row.at_us, who, row.kind, row.subject, row.data, before
            )
            conn.execute(
                update(log)
                .where(log.c.station == STATION, log.c.seq == row.seq)
                .values(actor=who, prev_hash=before, hash=line)
            )
            before = line
        conn.execute(update(station_head).where(station_head.c.station == STATION).values(hash=before))
    station.engine.lane.stop()
    rebuild(station.database, station.bus)
    station.engine.lane.start()


def test_a_rewritten_database_satisfies_verify_and_not_the_checkpoint(
    station: Station, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "usb.txt"
    elsewhere.write_text(witness_of(station).text(make(station)) or "", "utf-8")
    public_key = witness_of(station).signer().public_key
    station.do(NoteHandover("หลังจากนั้น"))
    make(station)
    assert results(station) == ["agrees", "agrees"]
    rewrite(station, "system:nobody")
    assert station.verdict().content, "the chain alone cannot tell"
    assert results(station) == ["rewritten", "rewritten"]
    if station.database.is_sqlite:  # The command reads the settings file, which names no server here.
        at = ["--data", str(station.path), "--checkpoint", str(elsewhere), "--public-key", public_key]
        assert run(["verify", *at], wire) == 1
        said = capsys.readouterr()
        assert "ถูกต้องครบถ้วน" in said.out
        assert "REWRITTEN" in said.out
        assert said.err.count("REWRITTEN") == 2
        assert run(["checkpoint", "list", "--data", str(station.path)], wire) == 1
        assert run(["checkpoint", "verify", str(elsewhere), "--data", str(station.path)], wire) == 1


def test_a_log_that_was_cut_short_shows(station: Station) -> None:
    make(station)
    with station.database.write_connection() as conn, conn.begin():
        last = conn.execute(select(log).order_by(log.c.seq.desc())).first()
        assert last is not None
        conn.execute(log.delete().where(log.c.seq == last.seq))
        conn.execute(update(station_head).values(seq=last.seq - 1, hash=last.prev_hash))
    assert results(station) == ["shorter"]


def test_a_checkpoint_that_was_taken_away_or_changed_shows(station: Station) -> None:
    first, second, third = (make(station) for _ in range(3))
    folder = station.folder.checkpoints
    whole = (folder / second).read_text("utf-8")
    (folder / second).unlink()
    assert results(station) == ["agrees", None], "one is missing between them"
    (folder / second).write_text(whole.replace("previous ", "previous 0", 1), "utf-8")
    assert results(station) == ["agrees", None, None]
    (folder / second).write_text(whole, "utf-8")
    assert results(station) == ["agrees"] * 3
    assert [first, second, third] == witness_of(station).names()


def test_the_key_is_for_this_program_alone_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    made = Signer.load_or_make(path, STATION)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Signer.load_or_make(path, STATION).public_key == made.public_key
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint.key"]


def test_the_note_is_in_the_form_that_others_read(tmp_path: Path) -> None:
    """Checked here by the words of C2SP signed-note alone, without our own reader."""
    signer = Signer.load_or_make(tmp_path / "key", STATION)
    note = signer.sign(Checkpoint(STATION, 7, "ab" * 32, AT, ""))
    text, signature = note.split("\n\n")
    origin, size, root, *more = text.split("\n")
    assert (origin, size, base64.b64decode(root).hex()) == ("safezone/mdh", "7", "ab" * 32)
    assert more == ["time 2026-11-20T12:00:00Z", "previous none"]
    dash, name, signed = signature.rstrip("\n").split(" ")
    assert (dash, name) == ("—", "safezone/mdh")
    key_name, key_id, key = signer.public_key.split("+", 2)
    raw = base64.b64decode(signed)
    assert (key_name, raw[:4].hex()) == (name, key_id)
    Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:]).verify(raw[4:], f"{text}\n".encode())


@given(at=st.integers(0, 230), to=st.characters(codec="utf-8"))
def test_nothing_of_it_can_be_changed(tmp_path_factory: pytest.TempPathFactory, at: int, to: str) -> None:
    signer = Signer.load_or_make(tmp_path_factory.getbasetemp() / "one.key", STATION)
    one = Checkpoint(STATION, 12, "cd" * 32, AT, digest_of("before"))
    note = signer.sign(one)
    assert read_checkpoint(note, signer.public_key) == one
    changed = note[:at] + to + note[at + 1 :]
    text = note.partition("\n\n")[0]
    if changed == note or at >= len(text):
        return
    with pytest.raises(NotGenuine):
        read_checkpoint(changed, signer.public_key)


def test_somebody_elses_key_is_not_ours(tmp_path: Path) -> None:
    ours, theirs = (Signer.load_or_make(tmp_path / name, STATION) for name in ("a", "b"))
    note = theirs.sign(Checkpoint(STATION, 1, "00" * 32, AT, ""))
    assert read_checkpoint(note, theirs.public_key).seq == 1
    for key in (ours.public_key, "", "safezone/mdh+00+AA", theirs.public_key.replace("mdh", "nwt")):
        with pytest.raises(NotGenuine):
            read_checkpoint(note, key)
