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
SMALLEST_PT: Final = 5.5
PT_MM: Final = 25.4 / 72
BEFORE_ANOTHER: Final = frozenset("เแโใไ")
"""Vowels that are read with the letter behind them."""
AFTER_ANOTHER: Final = frozenset("ะัาำิีึืฺุูๅๆฯ็่้๊๋์ํ๎")
"""Vowels and marks that stand on, below or behind the letter before them."""
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
    side = min(height - 2 * pad, width * 0.4)
    drawn = io.BytesIO()
    segno.make(label.address, error="m", micro=False).save(drawn, kind="png", scale=8, border=2)
    drawn.seek(0)
    pdf.image(drawn, x + pad, y + (height - side) / 2, side, side)
    left, room = x + pad + side + 2.5, width - side - 2 * pad - 2.5
    lines = [
        line
        for text, style, size, step, most in (
            (label.above_th, "", 9.0, 4.6, 1),
            (label.above_en, "", 7.0, 3.8, 1),
            (label.code, "B", 15.0, 7.4, 2),
            (label.name, "", 9.0, 4.6, 2),
            (station, "", 6.5, 3.4, 2),
        )
        for line in _fit(pdf, text, style, size, step, room, most)
    ]
    top = y + max(pad, (height - sum(each.step for each in lines)) / 2)
    for line in lines:
        pdf.set_font("thai", line.style, line.size)
        pdf.set_xy(left, top)
        pdf.cell(room, line.step, line.text)
        top += line.step


class _Line(msgspec.Struct, frozen=True):
    """One line of a label; `step` is how much further down the next one begins."""

    text: str
    style: str
    size: float
    step: float


def _fit(pdf: Any, text: str, style: str, size: float, step: float, room: float, most: int) -> list[_Line]:
    """The text on at most so many lines: in smaller letters before a word is broken, and cut only where that is no help."""
    for break_words in (False, True):
        points = size
        while points >= SMALLEST_PT:
            pdf.set_font("thai", style, points)
            parts = _broken(pdf, text, room, break_words=break_words)
            if parts and len(parts) <= most:
                return _lines(parts, style, points, step)
            points -= 0.5
    parts = parts[:most]
    return _lines([*parts[:-1], _cut(pdf, parts[-1], room)], style, SMALLEST_PT, step)


def _lines(parts: Sequence[str], style: str, size: float, step: float) -> list[_Line]:
    # Several lines of one text stand as close as their letters allow.
    apart = step if len(parts) == 1 else min(step, size * PT_MM * 1.45)
    return [_Line(part, style, size, apart) for part in parts]


def _broken(pdf: Any, text: str, room: float, *, break_words: bool) -> list[str]:
    """The text in lines that fit, broken at spaces and hyphens; empty when a word is too long that must not be broken."""
    parts, rest = [], text.strip()
    while rest:
        fits = len(rest)
        while fits > 1 and pdf.get_string_width(rest[:fits].rstrip()) > room:
            fits -= 1
        if fits < len(rest):
            space = next((at for at in range(fits, 0, -1) if rest[at] == " " or rest[at - 1] in " -"), 0)
            if not space and not break_words:
                return []
            fits = space or between_letters(rest, fits)
        parts.append(rest[:fits].rstrip())
        rest = rest[fits:].lstrip()
    return parts or [""]


def between_letters(text: str, fits: int) -> int:
    """Where a line of at most so many letters ends: Thai has no spaces between words, but letters that belong together."""
    at = fits
    while at > 1 and (text[at] in AFTER_ANOTHER or text[at - 1] in BEFORE_ANOTHER):
        at -= 1
    return at if at > 1 else fits


def _cut(pdf: Any, text: str, room: float) -> str:
    while text and (pdf.get_string_width(text + "…") > room or text[-1] in BEFORE_ANOTHER):
        text = text[:-1]
    return text + "…"
