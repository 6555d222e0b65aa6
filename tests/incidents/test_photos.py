"""Photos: only pictures, nothing but the picture, and sealed like everything personal."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from safezone.core.errors import Invalid, NotFound, TooLarge
from safezone.core.pictures import LARGEST_BYTES, LONGEST_SIDE_PX, clean_photo
from safezone.incidents import commands as cmds
from safezone.incidents import queries
from tests.incidents.desk import OPERATOR, Desk
from tests.support.station import who

MAKER = "Camera of a witness"


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 32), mode: str = "RGB", **save: object) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    drawn = Image.new(mode, size, "red" if mode != "L" else 76)
    drawn.paste(Image.new(mode, (size[0] // 2, size[1]), "blue" if mode != "L" else 29), (size[0] // 2, 0))
    out = io.BytesIO()
    drawn.save(out, form, **save)
    return out.getvalue()


def with_metadata(orientation: int = 1) -> bytes:
    """A JPEG that tells where, when and by which camera it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = MAKER
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.DateTime] = "2026:11:20 19:04:11"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (16.0, 32.0, 31.2)}
    )
    return picture(exif=exif, comment=b"seen by me")


def opened(image: bytes) -> Image.Image:
    return Image.open(io.BytesIO(image))


def test_nothing_but_the_picture_is_kept() -> None:
    raw = with_metadata()
    assert opened(raw).getexif().get_ifd(ExifTags.IFD.GPSInfo), "the picture of this test has a place in it"
    assert MAKER.encode() in raw
    clean = clean_photo(raw)
    kept = opened(clean.image)
    assert not kept.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(kept.info)
    assert MAKER.encode() not in clean.image
    assert b"seen by me" not in clean.image
    assert (clean.media_type, kept.format, clean.width_px, clean.height_px) == ("image/jpeg", "JPEG", 64, 32)


def test_what_was_held_sideways_is_turned_upright() -> None:
    clean = clean_photo(with_metadata(orientation=6))
    assert (clean.width_px, clean.height_px) == (32, 64)
    top = opened(clean.image).getpixel((16, 8))
    assert isinstance(top, tuple)
    assert top[0] > 200, "red was left and is on top now"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "P"])
def test_pictures_of_every_taken_kind(form: str, mode: str) -> None:
    if (form, mode) in {("JPEG", "RGBA"), ("JPEG", "P"), ("PNG", "CMYK"), ("WEBP", "CMYK"), ("WEBP", "P")}:
        with pytest.raises((OSError, KeyError, ValueError, AssertionError)):
            assert opened(picture(form, mode=mode)).mode == mode
        return
    clean = clean_photo(picture(form, mode=mode))
    assert opened(clean.image).format == "JPEG"


def test_a_large_picture_is_made_smaller() -> None:
    clean = clean_photo(picture(size=(6000, 3000)))
    assert (clean.width_px, clean.height_px) == (LONGEST_SIDE_PX, LONGEST_SIDE_PX // 2)


def _png(width: int, height: int, body: bytes) -> bytes:
    """A PNG that claims a size; its data may be anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side_px", [7_000, 12_000, 20_000, 60_000])
def test_a_small_file_that_unfolds_to_a_huge_picture_is_refused(side_px: int) -> None:
    bomb = _png(side_px, side_px, zlib.compress(bytes(1000)))
    assert len(bomb) < 1000
    # Refused for its size, before it is unfolded; its data would not even be a picture.
    with pytest.raises(Invalid, match=f"{side_px} × {side_px}|too many pixels|DecompressionBomb"):
        clean_photo(bomb)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"not a picture", b"%PDF-1.7", b"GIF89a" + bytes(100), b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture("GIF", mode="P"), picture("BMP"), picture("TIFF"), picture()[:100], picture("PNG")[:60],
        picture("WEBP")[:30],
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid, match="not_a_picture") as refused:
        clean_photo(raw)
    assert refused.value.words.th


def test_more_than_eight_mebibytes_are_refused() -> None:
    with pytest.raises(TooLarge, match="photo_too_large"):
        clean_photo(bytes(LARGEST_BYTES + 1))


FILES = (with_metadata(), picture("PNG"), picture("WEBP"))


@settings(max_examples=60)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12),
    st.none() | st.integers(0, 1500),
)
def test_a_damaged_file_is_a_picture_or_refused_and_never_more(
    raw: bytes, changes: list[tuple[int, int]], length: int | None
) -> None:
    damaged = bytearray(raw)
    for position, value in changes:
        damaged[position % len(raw)] = value
    try:
        clean = clean_photo(bytes(damaged[:length]))
    except Invalid:
        return
    assert opened(clean.image).format == "JPEG"


# ── on an incident ──


def test_a_photo_is_sealed_and_seen_by_who_sees_the_incident(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1")
    clean = clean_photo(with_metadata())
    car, moto = who("unit", "car-1"), who("unit", "moto-1")
    added = cmds.AddPhoto(view.id, clean.image, clean.media_type, clean.width_px, clean.height_px)
    desk.do(added, car)
    with pytest.raises(NotFound):
        desk.do(added, moto)
    (photo,) = desk.detail(view.id).photos
    assert (photo.width_px, photo.height_px, photo.actor) == (64, 32, car.actor)
    assert photo.url == f"/api/v1/incidents/{view.id}/photos/{photo.id}"
    with desk.read() as conn:
        for somebody in (OPERATOR, car):
            assert queries.get_photo(conn, somebody, view.id, photo.id, desk.surroundings) == (
                clean.image,
                "image/jpeg",
            )
        with pytest.raises(NotFound):
            queries.get_photo(conn, moto, view.id, photo.id, desk.surroundings)
        with pytest.raises(NotFound):
            queries.get_photo(conn, OPERATOR, view.id, "no-such-photo", desk.surroundings)
    other = desk.opened()
    with desk.read() as conn, pytest.raises(NotFound):
        queries.get_photo(conn, OPERATOR, other.id, photo.id, desk.surroundings)
    on_disk = b"".join(each.read_bytes() for each in desk.path.iterdir() if each.is_file())
    assert clean.image[:64] not in on_disk
    assert desk.verdict().content
