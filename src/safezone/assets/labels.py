"""Labels for equipment on A4: its kind, code and name in Thai and English, and a QR code with its public address.

The address names the asset and holds no secret: whoever may not see it is asked to sign in.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from safezone.assets.kinds import KINDS

FONTS: Final = Path(__file__).parent / "fonts"
MOST: Final = 300
"""Labels in one go: more paper than this is a mistake."""
MARGIN_MM: Final = 10.0
PAGE_MM: Final = (210.0, 297.0)
GRIDS: Final[dict[int, tuple[int, int]]] = {8: (2, 4), 12: (2, 6), 21: (3, 7)}
"""How many labels a page has, and in how many columns and rows."""


class Label(msgspec.Struct, frozen=True):
    """What stands on one."""

    above_th: str
    above_en: str
    code: str
    name: str
    address: str


def labels_of(rows: Iterable[Any], base: str) -> list[Label]:
    """A label for each row of the register; `base` is the address of this station's pages."""
    return [
        Label(
            KINDS[row.kind].label.th,
            KINDS[row.kind].label.en,
            row.code,
            row.name_th,
            f"{base}/office/assets#{row.id}",
        )
        for row in rows
    ]


def draw(labels: Sequence[Label], station: str, per_page: int) -> bytes:
    """A PDF with the labels, `per_page` to a sheet of A4; the fonts are in it."""
    # Loaded when somebody prints: a station's start does not wait for it.
    from fpdf import FPDF  # noqa: PLC0415 - see above

    columns, rows = GRIDS[per_page]
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margins(0, 0, 0)
    pdf.set_title(f"QR labels · {station}")
    for weight, style in (("400", ""), ("600", "B")):
        pdf.add_font("thai", style, FONTS / f"plex-thai-{weight}.ttf")
        pdf.add_font("latin", style, FONTS / f"plex-latin-{weight}.ttf")
    pdf.set_fallback_fonts(["latin"], exact_match=False)
    # Vowels and tone marks above and below a letter are placed as the font says.
    pdf.set_text_shaping(True)
    width, height = (PAGE_MM[0] - 2 * MARGIN_MM) / columns, (PAGE_MM[1] - 2 * MARGIN_MM) / rows
    for number, label in enumerate(labels):
        at = number % per_page
        if at == 0:
            pdf.add_page()
        x, y = MARGIN_MM + at % columns * width, MARGIN_MM + at // columns * height
        _draw_one(pdf, label, station, (x, y, width, height))
    return bytes(pdf.output())


def _draw_one(pdf: Any, label: Label, station: str, box: tuple[float, float, float, float]) -> None:
    import segno  # noqa: PLC0415 - as the PDF

    x, y, width, height = box
    pad = 3.0
    pdf.set_draw_color(190)
    pdf.set_line_width(0.15)
    pdf.rect(x, y, width, height)
    side = min(height - 2 * pad, width * 0.42)
    drawn = io.BytesIO()
    segno.make(label.address, error="m", micro=False).save(drawn, kind="png", scale=8, border=2)
    drawn.seek(0)
    pdf.image(drawn, x + pad, y + (height - side) / 2, side, side)
    left, room = x + pad + side + 2.5, width - side - 2 * pad - 2.5
    lines = (
        (label.above_th, "", 9.0, 4.6),
        (label.above_en, "", 7.0, 3.8),
        (label.code, "B", 15.0, 7.4),
        (label.name, "", 9.0, 4.6),
        (station, "", 6.5, 3.6),
    )
    total = sum(each[3] for each in lines)
    top = y + max(pad, (height - total) / 2)
    for text, style, size, step in lines:
        pdf.set_xy(left, top)
        _fit(pdf, text, style, size, room)
        pdf.cell(room, step, text if pdf.get_string_width(text) <= room else _cut(pdf, text, room))
        top += step


def _fit(pdf: Any, text: str, style: str, size: float, room: float) -> None:
    """The font at this size, or somewhat smaller where the text is long."""
    pdf.set_font("thai", style, size)
    while size > 6.0 and pdf.get_string_width(text) > room:
        size -= 0.5
        pdf.set_font("thai", style, size)


def _cut(pdf: Any, text: str, room: float) -> str:
    while text and pdf.get_string_width(text + "…") > room:
        text = text[:-1]
    return text + "…"
