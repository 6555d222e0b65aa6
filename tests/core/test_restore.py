"""A restored record is the one that was backed up, or the log as it was at an earlier moment and nothing beyond it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from safezone.core import restore
from safezone.core.archive import new_identity
from safezone.core.backup import MANIFEST, Manifest, make_backup
from safezone.core.credentials import credential
from safezone.core.db import Database
from safezone.core.depot import Depot, open_depot
from safezone.core.errors import CannotStart
from safezone.core.log import log
from safezone.core.settings import Backup
from safezone.core.vault import find_text, sealed, sealed_key
from tests.core.ground import STATION, Ground, Say

SECRET = "นางสาวตัวอย่าง ไม่มีจริง 080-000-0000"


class Kept:
    """A ground with ten things said an hour apart, and a backup of it."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self.ground = ground
        self.scratch, self.fetched = folder / "scratch", folder / "fetched"
        self.scratch.mkdir()
        self.fetched.mkdir()
        self.began = ground.clock.now()
        self.seqs = []
        for number in range(10):
            self.seqs.append(ground.do(Say(f"thing-{number}", f"{SECRET} {number}")))
            ground.clock.advance(3600)
        self.secret, recipient = new_identity()
        self.depot: Depot = open_depot(str(folder / "depot"), Backup(), self.scratch)
        self.manifest = make_backup(
            ground.database, [], self.depot, [recipient], ground.clock.now(), self.scratch
        )

    def fetch(self) -> Manifest:
        return restore.fetch(self.depot, self.manifest.name, [self.secret], self.fetched)

    def prove(self, until: object = None) -> restore.Restored:
        return restore.prove(self.fetch(), self.open, self.ground.bus, until)  # type: ignore[arg-type]

    def open(self) -> Database:
        return Database.at(self.fetched / "safezone.db")


@pytest.fixture
def kept(ground: Ground, tmp_path: Path) -> Kept:
    return Kept(ground, tmp_path)


def test_everything_is_back(kept: Kept) -> None:
    done = kept.prove()
    assert done.content
    assert done.heads == kept.manifest.heads
    (verdict,) = done.verdicts
    assert verdict.events == kept.ground.head()
    restored = kept.open()
    with restored.read() as conn:
        refs = [row.ref for row in conn.execute(select(sealed.c.ref).order_by(sealed.c.ref))]
        assert [find_text(conn, STATION, ref) for ref in refs] == [f"{SECRET} {n}" for n in range(10)]
    restored.close()


@pytest.mark.parametrize("by", ["line", "time"])
def test_it_is_cut_at_a_line_or_moment(kept: Kept, by: str) -> None:
    """The fifth thing is the last: rows, sealed content and keys of what came later are gone."""
    last = kept.seqs[4] + 1  # With it a credential was issued.
    done = kept.prove(last if by == "line" else kept.began + timedelta(hours=4, minutes=30))
    assert done.content
    assert done.heads[0].seq == last
    assert done.cut == kept.manifest.heads[0].seq - last
    assert done.dropped == 5
    restored = kept.open()
    with restored.read() as conn:
        assert conn.execute(select(log.c.seq).order_by(log.c.seq.desc())).scalar() == last
        names = {row.name for row in conn.execute(select(credential.c.name))}
        assert names == {f"thing-{n}" for n in range(5)}
        assert len(conn.execute(select(sealed.c.ref)).all()) == 5
        assert len(conn.execute(select(sealed_key.c.ref)).all()) == 5
    restored.close()


def test_a_moment_after_the_last_line_cuts_nothing(kept: Kept) -> None:
    done = kept.prove(kept.ground.clock.now() + timedelta(days=1))
    assert (done.cut, done.dropped, done.heads) == (0, 0, kept.manifest.heads)


def test_a_line_that_is_not_there_is_refused(kept: Kept) -> None:
    with pytest.raises(CannotStart, match="has no line 9999"):
        kept.prove(9999)


def test_another_archive_under_its_name_is_refused(kept: Kept, tmp_path: Path) -> None:
    """Sealed for us by somebody else: age cannot tell, the manifest can."""
    manifest = tmp_path / "depot" / f"{kept.manifest.name}{MANIFEST}"
    said = json.loads(manifest.read_text())
    good = dict(said)
    wrongs: list[dict[str, Any]] = [
        {"archive": {**said["archive"], "sha256": "0" * 64}},
        {"members": []},
        {"heads": [{**said["heads"][0], "seq": 3}]},
    ]
    for wrong in wrongs:
        manifest.write_text(json.dumps({**good, **wrong}))
        for left in kept.fetched.iterdir():
            left.unlink()
        with pytest.raises(CannotStart, match="is not what its manifest says"):
            kept.fetch()


def test_only_our_own_chain_is_ours(kept: Kept, tmp_path: Path) -> None:
    assert restore.is_of_this_chain(kept.ground.database, kept.manifest.heads)
    (tmp_path / "other").mkdir()
    other = Ground(tmp_path / "other")
    try:
        for number in range(10):
            other.do(Say(f"thing-{number}"))
        assert not restore.is_of_this_chain(other.database, kept.manifest.heads)
    finally:
        other.close()


def test_what_was_tampered_with_before_the_backup_is_found(ground: Ground, tmp_path: Path) -> None:
    ground.do(Say("a"))
    ground.tamper("UPDATE credential SET role = 'admin'")
    done = Kept(ground, tmp_path).prove()
    assert not done.content


def test_where_there_is_no_backup_or_no_key_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no backup"):
        restore.newest(open_depot(str(tmp_path / "empty"), Backup(), tmp_path))
    file = tmp_path / "key"
    for content in ("", "age1public\n"):
        file.write_text(content)
        with pytest.raises(CannotStart, match="no age identity"):
            restore.read_identities(file)
    with pytest.raises(CannotStart, match="cannot be read"):
        restore.read_identities(tmp_path / "none")
