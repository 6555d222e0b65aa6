"""Pictures of an incident: checked, turned upright and freed of everything that is not the picture."""

from __future__ import annotations

import io
import warnings
from typing import Final

import msgspec

from safezone.core.errors import Invalid, TooLarge
from safezone.core.i18n import Words

LARGEST_BYTES: Final = 8 * 1024 * 1024
LARGEST_PIXELS: Final = 40_000_000
LARGEST_UNREDUCED_PIXELS: Final = 25_000_000
"""Of a PNG or WebP, which can only be unfolded whole, at four bytes a point and twice over."""
LONGEST_SIDE_PX: Final = 2560
_FORMATS: Final = ("JPEG", "PNG", "WEBP")


class CleanPhoto(msgspec.Struct, frozen=True):
    """A JPEG without metadata (no place, no device, no time), at most 2,560 pixels on a side."""

    image: bytes
    media_type: str
    width_px: int
    height_px: int


def clean_photo(raw: bytes) -> CleanPhoto:
    """The picture, newly encoded; TooLarge or Invalid when it is not a JPEG, PNG or WebP of at most 8 MiB."""
    if len(raw) > LARGEST_BYTES:
        raise TooLarge(
            "photo_too_large",
            Words(
                th=f"ภาพใหญ่เกินไป ({len(raw) // 1_048_576} MiB) ส่งได้ไม่เกิน 8 MiB",
                en=f"The picture is too large ({len(raw) // 1_048_576} MiB); at most 8 MiB.",
            ),
        )
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - most stations start without a picture

    try:
        with warnings.catch_warnings():
            # Damaged metadata is no news: it is thrown away.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as opened:
                if opened.width * opened.height > (
                    LARGEST_PIXELS if opened.format == "JPEG" else LARGEST_UNREDUCED_PIXELS
                ):
                    raise _not_a_picture(f"{opened.width} × {opened.height}")
                # A JPEG is unfolded no larger than needed; anything else is made small before it is copied.
                opened.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))
                picture = opened.convert("RGB") if opened.mode == "P" else opened
                picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
                upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as problem:
        raise _not_a_picture(type(problem).__name__) from None
    except Image.DecompressionBombWarning:
        raise _not_a_picture("too many pixels") from None
    # A new image from the pixels alone: nothing that came along with the file can stay.
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=88, optimize=True)
    return CleanPhoto(out.getvalue(), "image/jpeg", bare.width, bare.height)


def _not_a_picture(why: str) -> Invalid:
    return Invalid(
        "not_a_picture",
        Words(
            th=f"ไฟล์นี้ไม่ใช่ภาพ JPEG, PNG หรือ WebP ที่อ่านได้ ({why})",
            en=f"This is not a readable JPEG, PNG or WebP picture ({why}).",
        ),
    )
