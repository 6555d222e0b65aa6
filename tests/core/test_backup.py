"""A backup is one moment of the whole record, whole or not there, and opened by nobody but its recipients."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from minio.error import S3Error
from moto.server import ThreadedMotoServer
from sqlalchemy import select

from safezone.core.archive import new_identity, read_archive
from safezone.core.backup import (
    ARCHIVE,
    DATABASE,
    Manifest,
    list_backups,
    make_backup,
    prune,
    read_manifest,
)
from safezone.core.db import Database, metadata
from safezone.core.depot import Depot, open_depot, why_not
from safezone.core.errors import CannotStart
from safezone.core.rebuild import verify
from safezone.core.settings import Backup
from safezone.core.snapshot import _export, heads_in
from tests.core.ground import STATION, Ground, Say

NOW = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
SECRET = "นางสาวตัวอย่าง ไม่มีจริง 080-000-0000"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


@pytest.fixture
def told(ground: Ground) -> Ground:
    for number in range(20):
        ground.do(Say(f"thing {number}", SECRET))
    return ground


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server in this process, with a bucket `backups`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="station",
        aws_secret_access_key="not-a-secret",
    )
    client.create_bucket(Bucket="backups")
    client.close()
    yield url
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def depot(
    request: pytest.FixtureRequest, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> Depot:
    if request.param == "folder":
        return open_depot(str(tmp_path / "depot"), Backup(), scratch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "station")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    settings = Backup(s3_endpoint=request.getfixturevalue("s3"), s3_region="us-east-1")
    return open_depot(f"s3://backups/{tmp_path.name}", settings, scratch)


def test_a_store_that_lets_nobody_in_is_told_in_words(
    s3: str, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def why(to: str, address: str) -> str:
        with pytest.raises(CannotStart) as refused:
            open_depot(to, Backup(s3_endpoint=address, s3_region="us-east-1"), scratch)
        return refused.value.words.en

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(scratch / "none"))
    assert "there are no keys: put AWS_ACCESS_KEY_ID" in why("s3://backups/here", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "station")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    assert "no such bucket: create it first" in why("s3://elsewhere/here", s3)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("SignatureDoesNotMatch", "refuses the keys"),
        ("RequestTimeTooSkewed", "clock.md"),
        ("SlowDown", "SlowDown"),
    ],
)
def test_what_a_store_answers_is_told_with_what_to_do(code: str, said: str) -> None:
    assert said in why_not(S3Error(None, code, "", "/backups", None, None)).en  # type: ignore[arg-type]


def back_up(ground: Ground, depot: Depot, recipient: str, scratch: Path, at: datetime = NOW) -> Manifest:
    return make_backup(ground.database, [], depot, [recipient], at, scratch)


def test_what_was_backed_up_is_there_and_verifies(
    told: Ground, depot: Depot, scratch: Path, tmp_path: Path
) -> None:
    secret, recipient = new_identity()
    made = back_up(told, depot, recipient, scratch)
    assert made.name == f"{STATION}-{told.head():010d}-20261120T030405Z"
    assert [(head.station, head.seq) for head in made.heads] == [(STATION, told.head())]
    assert list_backups(depot) == [made.name]
    assert read_manifest(depot, made.name) == made
    with depot.open(f"{made.name}{ARCHIVE}") as file:
        raw = file.read()
    assert len(raw) == made.archive.bytes > 10_000
    assert b"thing 7" not in raw
    into = tmp_path / "opened"
    into.mkdir()
    assert read_archive(io.BytesIO(raw), [secret], into, [DATABASE]) == made.members
    opened = Database.at(into / DATABASE)
    (verdict,) = verify(opened, told.bus)
    opened.close()
    assert verdict.content
    assert verdict.events == told.head()
    assert not list(scratch.iterdir()), "the plain copy is gone"


def test_a_station_that_writes_all_the_time_is_backed_up_whole(
    told: Ground, scratch: Path, tmp_path: Path
) -> None:
    secret, recipient = new_identity()
    depot = open_depot(str(tmp_path / "depot"), Backup(), scratch)
    enough, written = threading.Event(), threading.Event()

    def write() -> None:
        while not enough.is_set():
            told.do(Say("on and on", SECRET))
            written.set()

    writing = threading.Thread(target=write)
    writing.start()
    assert written.wait(60)
    try:
        made = [back_up(told, depot, recipient, scratch, NOW + timedelta(seconds=n)) for n in range(5)]
    finally:
        enough.set()
        writing.join()
    for number, each in enumerate(made):
        into = tmp_path / f"opened-{number}"
        into.mkdir()
        with depot.open(f"{each.name}{ARCHIVE}") as file:
            read_archive(file, [secret], into, [DATABASE])
        opened = Database.at(into / DATABASE)
        (verdict,) = verify(opened, told.bus)
        opened.close()
        assert verdict.content
        assert verdict.events == each.heads[0].seq


def test_nobody_else_opens_it_and_a_changed_byte_is_noticed(
    told: Ground, scratch: Path, tmp_path: Path
) -> None:
    secret, recipient = new_identity()
    stranger, _ = new_identity()
    depot = open_depot(str(tmp_path / "depot"), Backup(), scratch)
    made = back_up(told, depot, recipient, scratch)
    raw = (tmp_path / "depot" / made.archive.name).read_bytes()
    half = len(raw) // 2
    changed = raw[:half] + bytes([raw[half] ^ 1]) + raw[half + 1 :]
    for number, (opens, content) in enumerate(((stranger, raw), (secret, changed), (secret, raw[:-100]))):
        into = tmp_path / f"into-{number}"
        into.mkdir()
        with pytest.raises(CannotStart, match="cannot be opened"):
            read_archive(io.BytesIO(content), [opens], into, [DATABASE])


def test_an_archive_with_a_foreign_name_is_refused(tmp_path: Path, told: Ground, scratch: Path) -> None:
    secret, recipient = new_identity()
    depot = open_depot(str(tmp_path / "depot"), Backup(), scratch)
    bad = tmp_path / "evil"
    bad.write_bytes(b"x")
    made = make_backup(told.database, [("../evil", bad)], depot, [recipient], NOW, scratch)
    into = tmp_path / "into"
    into.mkdir()
    with depot.open(made.archive.name) as file, pytest.raises(CannotStart, match="unexpected"):
        read_archive(file, [secret], into, [DATABASE])
    assert bad.read_bytes() == b"x"


def test_it_is_never_written_in_plain_or_for_somebody_misspelt(
    told: Ground, scratch: Path, tmp_path: Path
) -> None:
    depot = open_depot(str(tmp_path / "depot"), Backup(), scratch)
    for wrong in ([], ["age1notarecipient"]):
        with pytest.raises(CannotStart):
            make_backup(told.database, [], depot, wrong, NOW, scratch)
    assert depot.list() == []
    assert not list((tmp_path / "depot").iterdir()), "nothing half there"
    assert not list(scratch.iterdir())


def test_only_the_newest_stay(told: Ground, depot: Depot, scratch: Path) -> None:
    _, recipient = new_identity()
    made = [back_up(told, depot, recipient, scratch, NOW + timedelta(hours=n)).name for n in range(4)]
    kept, gone = prune(depot, STATION, 2)
    assert (kept, gone) == (made[2:], made[:2])
    assert list_backups(depot) == made[2:]
    assert len(depot.list()) == 4
    assert prune(depot, "another", 2) == ([], [])


def test_row_by_row_it_is_the_same(told: Ground, tmp_path: Path) -> None:
    """As a PostgreSQL station is backed up: into a SQLite file, inside one snapshot."""
    copy = tmp_path / "copy.db"
    _export(told.database, copy)
    assert [(head.station, head.seq) for head in heads_in(copy)] == [(STATION, told.head())]
    copied = Database.at(copy)
    (verdict,) = verify(copied, told.bus)
    assert verdict.content
    with copied.read() as one, told.database.read() as other:
        for name in ("log", "sealed", "sealed_key", "credential", "station_head"):
            table = metadata.tables[name]
            rows = select(table).order_by(*table.primary_key.columns)
            assert one.execute(rows).all() == other.execute(rows).all() != []
    copied.close()
