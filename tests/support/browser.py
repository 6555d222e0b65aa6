"""A real Chromium for the journeys: the machine's own, or one fetched now; a journey is never skipped for want of one.

`python -m tests.support.browser` prepares it ahead of time (that is what `make browser` does).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    ViewportSize,
    sync_playwright,
)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
"""No sandbox: tests often run as root. The rest keeps the browser from talking to anybody but the page."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHOSEN = "SAFEZONE_CHROMIUM"
"""Environment variable that names the browser to use, for a machine that keeps it elsewhere."""

DOWNLOAD_LIMIT_S = 90
APT_LIMIT_S = 480
CLOSE_LIMIT_S = 60.0

START_LIMIT_S = 240
PATIENCE_MS = 90_000
"""For what a page does; as with `eventually`, it costs nothing where the machine is not busy with other things."""

NewPage = Callable[..., Page]


class NoBrowser(RuntimeError):
    """No Chromium here and none to be had; the text says what to do."""


def find_chromium() -> Path | None:
    """The Chromium on this machine that really draws a page, or None."""
    chosen = os.environ.get(CHOSEN)
    candidates = [chosen] if chosen else [*map(shutil.which, NAMES), _playwright_path()]
    return next((Path(each) for each in candidates if each and _draws(each)), None)


def find_or_install_chromium() -> Path:
    """A Chromium that draws; fetched by Playwright or by apt if there was none. NoBrowser when that fails too."""
    tried = ["looked for " + ", ".join(NAMES)]
    if found := find_chromium():
        return found
    if os.environ.get(CHOSEN):
        raise NoBrowser(f"{CHOSEN}={os.environ[CHOSEN]} does not start; correct it or unset it")
    for name, install in (
        ("Playwright's download", _download),
        ("apt-get install chromium", _install_by_apt),
    ):
        print(f"browser: none yet, trying {name}", file=sys.stderr, flush=True)
        tried.append(f"{name}: {install()}")
        if found := find_chromium():
            return found
    raise NoBrowser(
        f"The journeys need Chromium; install it (Debian: apt-get install chromium). {'; '.join(tried)}."
    )


def _playwright_path() -> str | None:
    """Where Playwright would keep its own Chromium, if it has one."""
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _draws(path: str) -> bool:
    """Whether it starts and renders; Ubuntu's chromium-browser, for one, may only be a note about snap."""
    command = [path, *FLAGS, "--dump-dom", "data:text/html,<p>it draws"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=START_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"it draws" in done.stdout


def _download() -> str:
    return _attempt(
        [sys.executable, "-m", "playwright", "install", "chromium", "--no-shell"], DOWNLOAD_LIMIT_S
    )


def _install_by_apt() -> str:
    if not shutil.which("apt-get"):
        return "this system has no apt-get"
    if os.geteuid() != 0:
        return "needs root"
    patient = ["-o", "DPkg::Lock::Timeout=300"]
    # A list that cannot be renewed may still do; what counts is whether the package can be had.
    _attempt(["apt-get", "update", "-qq", *patient], APT_LIMIT_S)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *patient, "chromium"]
    return _attempt(install, APT_LIMIT_S)


def _attempt(command: list[str], limit_s: int) -> str:
    """Run one installer, bounded in time and with everything it started; what came of it in a few words."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            _, complaints = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            return f"gave up after {limit_s} s"
    if process.returncode == 0:
        return "done"
    said = [line.strip() for line in complaints.splitlines() if "rror" in line or line.startswith("E:")]
    return f"status {process.returncode}, {(said or ['without a word'])[0][:200]}"


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The Chromium that draws; the test fails, it does not skip, when there is none."""
    return find_or_install_chromium()


class Browsers:
    """The browser of one file's journeys, and another one when it did not let go of a page.

    Chromium has been seen to wait for ever for a page that it was to throw away; then the whole run would wait.
    """

    def __init__(self, playwright: Playwright, path: Path, limit_s: float = CLOSE_LIMIT_S) -> None:
        self.playwright = playwright
        self._path, self._limit_s = path, limit_s
        self._mark = f"--safezone-journeys={uuid4().hex}"
        self._browser: Browser | None = None

    def open(self, **more: Any) -> BrowserContext:
        """Somebody's own browser: no cookies, nothing kept."""
        if self._browser is None or not self._browser.is_connected():
            flags = [*FLAGS, self._mark]
            self._browser = self.playwright.chromium.launch(
                executable_path=self._path, args=flags, timeout=START_LIMIT_S * 1000
            )
        return self._browser.new_context(**more)

    def close_pages(self) -> None:
        """Nothing of what was opened is left; a browser that does not let go is killed."""
        if self._browser is not None:
            self._within_the_limit([context.close for context in self._browser.contexts])

    def close(self) -> None:
        """It has ended."""
        if self._browser is not None:
            self._within_the_limit([self._browser.close])

    def processes(self) -> list[psutil.Process]:
        """The browser itself, without what it has started."""
        return [
            each for each in psutil.process_iter(["cmdline"]) if self._mark in (each.info["cmdline"] or [])
        ]

    def _within_the_limit(self, steps: list[Callable[[], None]]) -> None:
        late = threading.Event()
        watch = threading.Timer(self._limit_s, self._kill, [late])
        watch.start()
        try:
            for step in steps:
                step()
        except Error:
            if not late.is_set():
                raise
        finally:
            watch.cancel()

    def _kill(self, late: threading.Event) -> None:
        late.set()
        for each in self.processes():
            with suppress(psutil.NoSuchProcess):
                each.kill()


@pytest.fixture(scope="module")
def browsers(chromium_path: Path) -> Iterator[Browsers]:
    """A running browser for this file's journeys.

    By file and not by session: Playwright's synchronous face keeps an event loop running in this thread, in
    which asyncio tests could not run. So journeys are plain functions, and asyncio tests live in other files.
    """
    with sync_playwright() as playwright:
        browsers = Browsers(playwright, chromium_path)
        yield browsers
        browsers.close()


@pytest.fixture
def new_page(browsers: Browsers) -> Iterator[NewPage]:
    """`new_page(width_px=1920, height_px=1080, locale="th-TH")`: a page of its own session, in Thai time.

    The test fails when a page raised an error or wrote one to its console. Lines that the test expects (a
    refused action shows as a failed request) are named: `new_page(expected=["409"])`.
    """
    problems: list[str] = []

    def make(
        *,
        width_px: int = 1920,
        height_px: int = 1080,
        locale: str = "th-TH",
        expected: list[str] | None = None,
    ) -> Page:
        context = browsers.open(
            viewport=ViewportSize(width=width_px, height=height_px), locale=locale, timezone_id="Asia/Bangkok"
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()

        def note(text: str) -> None:
            if not any(each in text for each in expected or []):
                problems.append(text)

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                note(f"{message.text} ({message.location.get('url')})")

        def on_error(error: Error) -> None:
            note(str(error))

        page.on("console", on_console)
        page.on("pageerror", on_error)
        return page

    yield make
    browsers.close_pages()
    assert not problems, "the page complained:\n" + "\n".join(problems)


def main() -> int:
    """Have a browser ready and name it; 1 and one sentence when there is none."""
    try:
        print(f"browser: {find_or_install_chromium()}")
    except NoBrowser as problem:
        print(f"browser: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
