"""Pictures made to harm whoever opens them, sent in through the door that takes pictures."""

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image, PngImagePlugin

from safezone.core.errors import Invalid
from safezone.core.pictures import clean_photo
from tests.support.station import RunningStation

SCRIPT = b"<script>alert(document.cookie)</script>"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("photos"))
    yield station
    station.close()


def drawn(form: str, **save: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, form, **save)
    return out.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A good PNG with one more chunk after its head."""
    good = drawn("PNG")
    return good[:33] + png_chunk(kind, data) + good[33:]


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("run.html", SCRIPT)
    return out.getvalue()


def scripted_png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SCRIPT.decode())
    return drawn("PNG", pnginfo=info)


POLYGLOTS = {
    "a page behind a JPEG": drawn("JPEG") + SCRIPT,
    "a page inside a JPEG": drawn("JPEG", comment=SCRIPT),
    "a page inside a PNG": scripted_png(),
    "an archive behind a PNG": drawn("PNG") + a_zip(),
    "a page behind a WebP": drawn("WEBP") + SCRIPT,
    "a program behind a JPEG": drawn("JPEG") + b"<?php system($_GET['c']); ?>",
}


@pytest.mark.parametrize("raw", POLYGLOTS.values(), ids=POLYGLOTS.keys())
def test_what_came_along_with_a_picture_does_not_stay(raw: bytes) -> None:
    clean = clean_photo(raw)
    for hidden in (b"script", b"php", b"PK\x03\x04", b"alert"):
        assert hidden not in clean.image
    assert clean.image.startswith(b"\xff\xd8\xff")
    assert clean.image.endswith(b"\xff\xd9")


NO_PICTURES = {
    "a page": b"<!doctype html><html>" + SCRIPT,
    "a drawing that runs": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "XML that asks for a file": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg>&e;</svg>',
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file",
    "an icon": b"\x00\x00\x01\x00" + bytes(200),
    "a page that begins like a JPEG": b"\xff\xd8\xff" + SCRIPT,
    "a page that begins like a PNG": b"\x89PNG\r\n\x1a\n" + SCRIPT,
    "an archive": a_zip(),
}  # fmt: skip


@pytest.mark.parametrize("raw", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_what_is_called_a_picture_and_is_none_is_refused(raw: bytes, station: RunningStation) -> None:
    operator = station.api("operator")
    at = f"/api/v1/incidents/{operator.report('other')['incident_id']}"
    answer = operator.http.post(f"{at}/photos", content=raw, headers={"content-type": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_picture")
    assert operator.ask(at)["photos"] == []


def test_whatever_it_is_called_it_comes_back_as_a_jpeg(station: RunningStation) -> None:
    operator = station.api("operator")
    at = f"/api/v1/incidents/{operator.report('other')['incident_id']}"
    named = {"content-type": "text/html", "content-disposition": 'attachment; filename="../../x.svg"'}
    assert operator.http.post(f"{at}/photos", content=drawn("PNG"), headers=named).status_code == 201
    photo = operator.get(operator.ask(at)["photos"][0]["url"])
    assert photo.headers["content-type"] == "image/jpeg"
    assert "script" not in photo.headers["content-security-policy"]


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_of_a_moving_picture_one_frame_is_kept(form: str) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (32, 32), (n, 0, 0)) for n in range(100)]
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(clean_photo(out.getvalue()).image)) as kept:
        assert (kept.format, getattr(kept, "n_frames", 1)) == ("JPEG", 1)


BOMBS = {
    "text that unfolds": with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)),
    "a colour profile that unfolds": with_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 9)),
    "as many points as are taken": drawn("PNG")[:8]
    + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 6000, 4000, 8, 6, 0, 0, 0))
    + png_chunk(b"IDAT", zlib.compress(bytes((6000 * 4 + 1) * 4000), 9))
    + png_chunk(b"IEND", b""),
    "text without end": with_chunk(b"tEXt", b"Comment\0" + bytes(4_000_000)),
}
PROGRAM = """
import sys, resource
from safezone.core.errors import Invalid
from safezone.core.pictures import clean_photo
try:
    clean_photo(sys.stdin.buffer.read())
except Invalid:
    pass
# Of this program alone: ru_maxrss begins with what its parent had taken.
(line,) = [each for each in open("/proc/self/status") if each.startswith("VmHWM")]
print(int(line.split()[1]) // 1024)
"""


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
def test_a_small_file_does_not_fill_the_memory(raw: bytes) -> None:
    assert len(raw) < 8 * 1024 * 1024
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=raw, capture_output=True, timeout=240, check=True
    )
    assert int(done.stdout) < 450, "MiB, of which the program itself takes about 60"


def test_many_bombs_at_once_hold_up_nobody(station: RunningStation) -> None:
    operator, public = station.api("operator"), station.api("public")
    at = f"/api/v1/incidents/{operator.report('other')['incident_id']}/photos"
    bomb, answers = BOMBS["as many points as are taken"], list[int]()
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    threads = [
        threading.Thread(target=lambda: answers.append(operator.http.post(at, content=bomb).status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    looks_s = []
    for _ in range(5):
        assert public.report("sos")["incident_id"]
        looks_s.append(station.api("supervisor").get("/api/v1/incidents").elapsed.total_seconds())
    for thread in threads:
        thread.join()
    assert sorted(looks_s)[2] < 5, looks_s
    assert answers == [201] * 4, "a picture of that size is taken, one after the other"
    grown_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before_mib
    assert grown_mib < 700, f"{grown_mib} MiB"


def test_a_picture_that_ends_too_early_is_refused() -> None:
    whole = drawn("JPEG")
    for length in (1, 20, 100, len(whole) // 2, len(whole) - 20):
        with pytest.raises(Invalid):
            clean_photo(whole[:length])
