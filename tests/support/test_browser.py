"""The browser that the journeys use is real: it draws Thai, runs scripts, and a page's complaint fails the test."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.browser import Browsers, NewPage


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


def test_a_browser_that_lets_go_of_nothing_is_replaced(browsers: Browsers, chromium_path: Path) -> None:
    impatient = Browsers(browsers.playwright, chromium_path, limit_s=1.0)
    impatient.open().new_page().goto("data:text/html,<p>first")
    (first,) = impatient.processes()
    first.send_signal(signal.SIGSTOP)
    impatient.close_pages()
    page = impatient.open().new_page()
    page.goto("data:text/html,<p>second")
    assert page.inner_text("p") == "second"
    assert first not in impatient.processes()
    impatient.close()
