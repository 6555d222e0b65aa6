"""Personal content is sealed: it stands nowhere in plain, and without its key it is gone while the log stays whole."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from safezone.core import vault
from safezone.core.credentials import credential
from safezone.core.vault import sealed, sealed_key
from safezone.core.work import UnitOfWork
from tests.core.ground import STATION, Ground, Said, Say
from tests.support.engines import bytes_on_disk

SECRET = "นางสาวตัวอย่าง ไม่มีจริง 080-000-0000"


class Shred(msgspec.Struct, frozen=True):
    """A command of these tests: delete the key of a reference."""

    ref: str


@pytest.fixture
def told(ground: Ground) -> Ground:
    """A ground with a secret in its vault, said among others."""
    ground.bus.handle(Shred, lambda cmd, uow: _shred(cmd, uow))
    for thing, text in (("a", "ไม่ลับ"), ("b", SECRET), ("c", "plain")):
        ground.do(Say(thing, text))
    return ground


def _shred(cmd: Shred, uow: UnitOfWork) -> bool:
    return vault.shred(uow.conn, uow.station, cmd.ref)


def _ref_of(ground: Ground, thing: str) -> str:
    (said,) = [e.event for e in ground.log() if isinstance(e.event, Said) and e.event.thing == thing]
    assert said.text is not None
    return said.text.ref


def _text_of(ground: Ground, ref: str) -> str | None:
    with ground.database.read() as conn:
        return vault.find_text(conn, STATION, ref)


def test_what_was_sealed_can_be_read_and_stands_nowhere_in_plain(told: Ground) -> None:
    assert _text_of(told, _ref_of(told, "b")) == SECRET
    on_disk = bytes_on_disk(told.file.parent)
    assert b"test_said" in on_disk, "this looks at the right files"
    assert SECRET.encode() not in on_disk
    assert SECRET[:12].encode() not in on_disk


def test_each_has_a_key_and_a_hash_of_its_own(told: Ground) -> None:
    """The same words twice: neither the hash in the log nor the box says that they are the same."""
    told.do(Say("d", SECRET))
    first, second = (e.event.text for e in told.log() if isinstance(e.event, Said) and e.event.thing in "bd")
    assert first is not None
    assert second is not None
    assert first.ref != second.ref
    assert first.digest != second.digest
    boxes = told.rows(select(sealed.c.box).where(sealed.c.ref.in_([first.ref, second.ref])))
    assert boxes[0].box != boxes[1].box


def test_without_its_key_it_is_gone_and_the_log_is_whole(told: Ground) -> None:
    ref = _ref_of(told, "b")
    rows_before = told.rows(select(credential).order_by(credential.c.id))
    assert told.do(Shred(ref)) is True
    assert _text_of(told, ref) is None
    assert _text_of(told, _ref_of(told, "c")) == "plain"
    assert told.verdict().content, "the chain holds and replay works"
    told.rebuild()
    assert told.rows(select(credential).order_by(credential.c.id)) == rows_before
    assert _text_of(told, ref) is None
    assert told.do(Shred(ref)) is False


def test_a_deleted_key_is_not_left_in_the_file(tmp_path: Path) -> None:
    """SQLite alone: PostgreSQL leaves a deleted row in its pages until they are used again (decision 0006)."""
    told = Ground(tmp_path)
    told.bus.handle(Shred, lambda cmd, uow: _shred(cmd, uow))
    for thing in "bc":
        told.do(Say(thing, SECRET))
    ref = _ref_of(told, "b")
    (row,) = told.rows(select(sealed_key.c.key).where(sealed_key.c.ref == ref))
    (kept,) = told.rows(select(sealed_key.c.key).where(sealed_key.c.ref == _ref_of(told, "c")))
    told.do(Shred(ref))
    told.close()
    on_disk = bytes_on_disk(tmp_path)
    assert kept.key in on_disk, "this looks at the right files"
    assert row.key not in on_disk


def test_nothing_to_seal_is_nothing_sealed(told: Ground) -> None:
    before = len(told.rows(select(sealed.c.ref)))
    told.do(Say("silent", ""))
    assert len(told.rows(select(sealed.c.ref))) == before


def test_content_of_another_station_is_not_opened(told: Ground) -> None:
    with told.database.read() as conn:
        assert vault.find_text(conn, "nki", _ref_of(told, "b")) is None
        assert vault.open_many(conn, STATION, [None, "no such reference"]) == {}
