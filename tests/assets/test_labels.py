"""Labels: as many pages as it takes, the fonts inside, and nothing secret in the code."""

from __future__ import annotations

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from safezone.assets.labels import AFTER_ANOTHER, BEFORE_ANOTHER, GRIDS, Label, between_letters, draw


def label(code: str = "SOS-01", name: str = "ท่าเรือโดยสาร") -> Label:
    return Label("เสา SOS", "SOS point", code, name, f"https://station.example/office/assets#{code.lower()}")


@pytest.mark.parametrize("per_page", GRIDS)
def test_there_are_as_many_pages_as_it_takes(per_page: int) -> None:
    made = draw([label(f"SOS-{n}") for n in range(per_page + 1)], "สถานีทดลอง", per_page)
    assert made.startswith(b"%PDF-")
    assert made.count(b"/Type /Page\n") == 2
    assert b"/FontFile2" in made, "the font is in it"


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_whatever_it_is_called_it_can_be_printed(name: str) -> None:
    assert draw([label(name=name)], name, 21).startswith(b"%PDF-")


LONG = label("MUKDAHAN-MOBILE-CCTV-MAIN-000001", "ท่าเรือโดยสารหน้าด่านตรวจคนเข้าเมืองจังหวัดมุกดาหารฝั่งเหนือ")


@pytest.mark.parametrize("per_page", GRIDS)
def test_each_code_on_the_sheet_is_read_by_a_scanner(per_page: int) -> None:
    labels = [LONG, *(label(f"SOS-{n}") for n in range(per_page - 1))]
    page = pypdfium2.PdfDocument(draw(labels, "สถานีตำรวจภูธรเมืองมุกดาหาร", per_page))[0]
    seen = zxingcpp.read_barcodes(page.render(scale=150 / 72, grayscale=True).to_numpy())
    assert sorted(each.text for each in seen) == sorted(each.address for each in labels)


@pytest.mark.parametrize("per_page", GRIDS)
def test_a_long_code_and_name_are_broken_and_not_cut(per_page: int) -> None:
    page = pypdfium2.PdfDocument(draw([LONG], "สถานีตำรวจภูธรเมืองมุกดาหาร (สาธิต)", per_page))[0]
    shown = page.get_textpage().get_text_bounded()
    # A hyphen that ends a line is read as one that may be left out.
    assert LONG.code in shown.replace("\x02", "-").replace("\r\n", "")
    assert "…" not in shown


@given(st.text(alphabet="กขเแอีื่้ำ", min_size=3, max_size=12), st.integers(1, 11))
def test_a_line_of_thai_ends_behind_a_whole_letter(text: str, letters: int) -> None:
    fits = min(letters, len(text) - 1)
    whole = [
        at
        for at in range(2, fits + 1)
        if text[at] not in AFTER_ANOTHER and text[at - 1] not in BEFORE_ANOTHER
    ]
    assert between_letters(text, fits) == (whole[-1] if whole else fits)
