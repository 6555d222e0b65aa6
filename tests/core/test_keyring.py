"""The keys of sealed records are wrapped by a master key that is not in the database, and can be given another one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from safezone.core.errors import CannotStart
from safezone.core.keyring import CHECK_REF, PLAIN_BYTES, WRAPPED_BYTES, KeyFile, Keyring, new_key
from safezone.core.vault import find_text, sealed_key
from safezone.core.wrapping import attach, rotate, wrap_all
from tests.core.ground import STATION, Ground, Said, Say
from tests.support.engines import EngineName, bytes_on_disk

SECRET = "นางสาวตัวอย่าง ไม่มีจริง 080-000-0000"


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    (tmp_path / "apart").mkdir()
    return Keyring(tmp_path / "apart" / "master.key")


@pytest.fixture
def told(tmp_path: Path, engine: EngineName) -> Iterator[Ground]:
    """A ground of which five things were said before there was a master key."""
    (tmp_path / "data").mkdir()
    ground = Ground(tmp_path / "data")
    for number in range(5):
        ground.do(Say(f"thing {number}", f"{SECRET} {number}"))
    yield ground
    ground.close()


def texts(ground: Ground) -> list[str | None]:
    """Everything sealed, as it reads now, in the order of the log."""
    said = [entry.event for entry in ground.log() if isinstance(entry.event, Said)]
    with ground.database.read() as conn:
        return [find_text(conn, STATION, one.text.ref) for one in said if one.text]


def stored(ground: Ground) -> dict[str, bytes]:
    """Every key as it lies in the database."""
    rows = ground.rows(select(sealed_key).where(sealed_key.c.station == STATION))
    return {row.ref: bytes(row.key) for row in rows}


def test_keys_that_lay_in_plain_are_wrapped_at_the_first_start(told: Ground, ring: Keyring) -> None:
    before = stored(told)
    assert {len(key) for key in before.values()} == {PLAIN_BYTES}
    attach(told.database, ring)
    after = stored(told)
    assert {len(key) for key in after.values()} == {WRAPPED_BYTES}
    assert ring.path.stat().st_mode & 0o777 == 0o600
    assert texts(told) == [f"{SECRET} {n}" for n in range(5)]
    told.do(Say("later", SECRET))
    assert texts(told)[-1] == SECRET
    assert {len(key) for key in stored(told).values()} == {WRAPPED_BYTES}
    assert told.verdict().content
    written = ring.path.read_bytes()
    attach(told.database, Keyring(ring.path))
    assert ring.path.read_bytes() == written, "the second start changes nothing"


def test_no_plain_key_is_left_in_the_files(tmp_path: Path, ring: Keyring) -> None:
    """SQLite alone: PostgreSQL leaves what was overwritten in its pages until they are used again."""
    (tmp_path / "data").mkdir()
    told = Ground(tmp_path / "data")
    told.do(Say("a", SECRET))
    (plain,) = stored(told).values()
    assert plain in bytes_on_disk(told.file.parent)
    attach(told.database, ring)
    (first,) = stored(told).values()
    on_disk = bytes_on_disk(told.file.parent)
    assert plain not in on_disk
    assert first in on_disk
    rotate(told.database, ring)
    assert first not in bytes_on_disk(told.file.parent)
    told.close()


def test_a_rotation_leaves_everything_readable_and_the_old_key_useless(told: Ground, ring: Keyring) -> None:
    attach(told.database, ring)
    old_file, old = ring.read(), stored(told)
    name, wrapped = rotate(told.database, Keyring(ring.path))
    assert wrapped == 6, "five records and the check"
    assert name != old_file.current
    assert [key.id for key in ring.read().keys] == [name]
    assert texts(told) == [f"{SECRET} {n}" for n in range(5)]
    told.do(Say("later", SECRET))
    assert texts(told)[-1] == SECRET
    fresh = Keyring(ring.path)
    assert all(fresh.is_current(key) for key in stored(told).values())
    assert all(fresh.unwrap(ref, key) is None for ref, key in old.items())
    assert told.verdict().content


def test_a_rotation_that_broke_off_goes_on(told: Ground, ring: Keyring) -> None:
    """As a process leaves it that was killed: a second key in the file, two records under it already."""
    attach(told.database, ring)
    made = new_key()
    ring.write(KeyFile(made.id, [*ring.read().keys, made]))
    with told.database.write_connection() as conn, conn.begin():
        for ref, key in sorted(stored(told).items())[:2]:
            own = ring.unwrap(ref, key)
            assert own is not None
            changed = sealed_key.update().where(sealed_key.c.ref == ref)
            conn.execute(changed.values(key=ring.wrap(ref, own)))
    assert texts(told) == [f"{SECRET} {n}" for n in range(5)], "readable in between"
    name, wrapped = rotate(told.database, Keyring(ring.path))
    assert (name, wrapped) == (made.id, 4), "the key that was made; three records and the check were left"
    assert ring.read() == KeyFile(made.id, [made], complete=True)
    assert texts(told) == [f"{SECRET} {n}" for n in range(5)]


def test_while_it_rotates_the_station_writes(told: Ground, ring: Keyring) -> None:
    """The lane seals all the time; nothing that it sealed is under a key that is gone."""
    attach(told.database, ring)
    enough, written = threading.Event(), threading.Event()

    def write() -> None:
        while not enough.is_set():
            told.do(Say("on and on", SECRET))
            written.set()

    writing = threading.Thread(target=write)
    writing.start()
    assert written.wait(60)
    try:
        for _ in range(2):
            rotate(told.database, Keyring(ring.path))
    finally:
        enough.set()
        writing.join()
    fresh = Keyring(ring.path)
    keys = stored(told)
    assert len(keys) > 5
    assert all(fresh.unwrap(ref, key) for ref, key in keys.items())


def test_without_its_master_key_nothing_is_read_and_nothing_starts(told: Ground, ring: Keyring) -> None:
    attach(told.database, ring)
    other = Keyring.create(ring.path.with_name("other.key"))
    for wrong, why in (
        (Keyring(ring.path.with_name("none.key")), "is not there"),
        (other, "is not that of this database"),
    ):
        with pytest.raises(CannotStart, match=why):
            attach(told.database, wrong)
    told.database.keyring = other
    assert texts(told) == [None] * 5
    assert not told.verdict().content, "verify says so"


def test_a_key_moved_to_another_record_is_noticed(told: Ground, ring: Keyring) -> None:
    attach(told.database, ring)
    first, second, *_ = sorted(stored(told))
    assert ring.unwrap(first, stored(told)[first]) is not None
    assert ring.unwrap(second, stored(told)[first]) is None
    told.tamper(
        "UPDATE sealed_key SET key = (SELECT k.key FROM sealed_key k WHERE k.ref = "
        f"'{first}') WHERE ref = '{second}'"
    )
    assert texts(told)[1] is None


def test_a_file_that_is_no_key_says_so(told: Ground, ring: Keyring) -> None:
    ring.path.write_text("nothing")
    with pytest.raises(CannotStart, match="cannot be read"):
        attach(told.database, ring)


def test_nothing_is_forgotten_that_cannot_be_wrapped(told: Ground, ring: Keyring) -> None:
    attach(told.database, ring)
    content = ring.read()
    told.tamper("UPDATE sealed_key SET key = '\\x01' WHERE ref <> '" + CHECK_REF + "'")
    with pytest.raises(CannotStart, match="nothing was removed"):
        rotate(told.database, ring)
    kept = ring.read()
    assert [key.id for key in kept.keys][:1] == [content.current]
    with pytest.raises(CannotStart):
        wrap_all(told.database, ring)
    assert msgspec.structs.asdict(ring.read()) == msgspec.structs.asdict(kept)
