"""The browser that the journeys use is real: it draws Thai, runs scripts, and a page's complaint fails the test."""

from __future__ import annotations

from tests.support.browser import NewPage


def test_the_page_runs_in_thai_time_and_thai(new_page: NewPage) -> None:
    page = new_page()
    page.goto("data:text/html;charset=utf-8,<p lang=th>พื้นที่ปลอดภัย")
    assert page.inner_text("p") == "พื้นที่ปลอดภัย"
    assert page.evaluate("[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone]") == [
        "th-TH",
        "Asia/Bangkok",
    ]


def test_an_expected_complaint_is_not_held_against_the_page(new_page: NewPage) -> None:
    page = new_page(expected=["expected here"])
    page.goto("data:text/html,<script>console.error('expected here')</script>")
    assert page.evaluate("1 + 1") == 2
