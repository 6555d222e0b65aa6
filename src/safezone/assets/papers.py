"""A picture or document that somebody adds: a picture is cleaned, a PDF looked at from outside, anything else refused."""

from __future__ import annotations

from typing import Final

import msgspec

from safezone.core.errors import Invalid, TooLarge
from safezone.core.i18n import Words
from safezone.core.pictures import LARGEST_BYTES, clean_photo

_PDF_HEAD: Final = b"%PDF-"
_ACTS: Final = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile")


class Paper(msgspec.Struct, frozen=True):
    """What may be kept."""

    content: bytes
    media_type: str


def check_paper(raw: bytes) -> Paper:
    """The picture, newly encoded, or the PDF as it came; TooLarge or Invalid when it is neither."""
    if not raw.startswith(_PDF_HEAD):
        clean = clean_photo(raw)
        return Paper(clean.image, clean.media_type)
    if len(raw) > LARGEST_BYTES:
        raise TooLarge(
            "paper_too_large", Words(th="เอกสารใหญ่เกิน 8 MiB", en="The document has more than 8 MiB.")
        )
    if b"%%EOF" not in raw[-2048:]:
        raise Invalid(
            "paper_cut_off", Words(th="ไฟล์ PDF ไม่ครบ: ส่งใหม่", en="The PDF is cut off: send it again.")
        )
    if any(act in raw for act in _ACTS):
        raise Invalid(
            "paper_acts",
            Words(
                th="PDF นี้มีสคริปต์หรือไฟล์แนบ: บันทึกใหม่โดยไม่มี",
                en="This PDF has a script or a file inside: save it without.",
            ),
        )
    return Paper(raw, "application/pdf")


def served(name: str, media_type: str) -> dict[str, str]:
    """With which headers a paper is given out: a picture to be shown, a document to be saved, neither to be kept about."""
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    if not media_type.startswith("image/"):
        headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return headers
