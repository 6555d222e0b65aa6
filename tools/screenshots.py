"""Takes the pictures of the console that people look at before a change is called done, and those of the README.

`python -m tools.screenshots FOLDER` starts a private demonstration station, plays a few events through the public
doors, and leaves one PNG per state, language and size in FOLDER. `--readme` also renews docs/images.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.support.browser import FLAGS, find_or_install_chromium
from tests.support.callers import Pole
from tests.support.places import REPO, eventually
from tests.support.running import Station, running

DRAWING_FLAGS = [each for each in FLAGS if each != "--disable-gpu"] + [
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
"""The map needs WebGL; without a graphics card it is computed."""
QUICK = "[heartbeats]\ninterval_s = 2\nwatch_after_s = 5\ndown_after_s = 9\n[positions]\nfix_stale_s = 20\n"
"""A pole that falls silent is missed within seconds here, and a position is old after twenty."""
NO_BACKUP = {
    "th": "เขียนไปยัง /media/backup ไม่ได้: ไม่มีอุปกรณ์",
    "en": "Cannot write to /media/backup: no such device",
}
README_PICTURE_BYTES = 400_000


class Size(NamedTuple):
    """A screen, in CSS pixels."""

    name: str
    width_px: int
    height_px: int


WALL = Size("1920x1080", 1920, 1080)
LAPTOP = Size("1366x768", 1366, 768)
README = Size("1600x900", 1600, 900)
PHONE = Size("390x844", 390, 844)


class Heartbeats:
    """Every SOS point says every second that it is well, one of them falls silent; and units say where they are."""

    def __init__(self, station: Station, *, silent: str) -> None:
        self.places: dict[str, tuple[float, float]] = {}
        self._station, self._silent, self._end = station, silent, threading.Event()
        self._clients: dict[str, paho.Client] = {}
        for point, login in station.poles.items():
            client = self._clients[point] = paho.Client(CallbackAPIVersion.VERSION2)
            client.username_pw_set(*login)
            client.connect("127.0.0.1", station.mqtt_port)
            client.loop_start()
        self._topic = f"safezone/{station.id}/sos/{{}}/heartbeat"
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        beats = 0
        while not self._end.wait(1.0):
            beats += 1
            body = json.dumps({"at": datetime.now(UTC).isoformat(), "battery_pct": 93})
            for point, client in self._clients.items():
                if point != self._silent or beats < 5:
                    client.publish(self._topic.format(point), body)
            for call_sign, place in list(self.places.items()):
                tell_place(self._station, call_sign, *place)

    def end(self) -> None:
        """Nobody beats any more."""
        self._end.set()
        self._thread.join()
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()


def tell_place(station: Station, call_sign: str, lon: float, lat: float) -> None:
    """The unit's phone says where it is now."""
    fix = {"at": datetime.now(UTC).isoformat(), "lon": lon, "lat": lat, "accuracy_m": 6.0}
    station.ask("POST", "/positions", {"fixes": [fix]}, who=call_sign)


class Studio:
    """The station, and the browser that looks at it."""

    def __init__(self, station: Station, browser: Browser, folder: Path) -> None:
        self.station, self._browser, self._folder = station, browser, folder
        self._poles: dict[str, Pole] = {}

    @contextmanager
    def console(self, size: Size, language: str, who: str = "operator") -> Iterator[Page]:
        """A console with its sound on, in a browser of its own."""
        context = self._browser.new_context(
            viewport=ViewportSize(width=size.width_px, height=size.height_px),
            locale="th-TH",
            timezone_id="Asia/Bangkok",
        )
        page = context.new_page()
        page.add_init_script(f"localStorage.setItem('safezone.lang', '{language}')")
        page.goto(f"{self.station.url}/enter#token={self.station.tokens[who]}")
        page.get_by_test_id("sound-enable").click()
        # The map has drawn its ground when it says that the streets are illustrative and its worker is done.
        expect(page.locator(".illustrative")).to_be_attached()
        page.wait_for_timeout(2_500)
        yield page
        context.close()

    def take(self, page: Page, state: str, size: Size, language: str) -> None:
        """The picture of this moment."""
        page.wait_for_timeout(700)  # Movements of the map come to rest.
        path = self._folder / f"{state}-{language}-{size.name}.png"
        page.screenshot(path=path)
        print(path)

    # ── what happens at the station ──

    def press(self, point: str) -> str:
        """Somebody presses; the incident that the pole's receipt names."""
        if point not in self._poles:
            self._poles[point] = pole = Pole(self.station, point, pace_s=3_600.0)
            pole.press_no_more()
            pole.start()
        pressed = self._poles[point].press()
        return eventually(lambda: pressed.receipts, within_s=30.0)[0]

    def leave(self) -> None:
        """No pole is connected any more."""
        for each in self._poles.values():
            each.finish()

    def do(self, path: str, body: dict[str, Any], who: str = "operator") -> Any:
        """The answer to something that must succeed."""
        answer = self.station.ask("POST", path, body, who=who)
        if not answer.is_success:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()

    def on(self, incident: str, action: str, who: str = "operator", **body: Any) -> None:
        """An operator acts on the incident as it stands now."""
        version = self.station.ask("GET", f"/incidents/{incident}").json()["incident"]["version"]
        self.do(f"/incidents/{incident}/{action}", {"expected_version": version, **body}, who)

    def sign_on(self, call_sign: str, unit: str, lon: float, lat: float) -> None:
        """The unit is on duty and has said once where it is."""
        self.do(f"/units/{unit}/duty", {"on": True}, call_sign)
        tell_place(self.station, call_sign, lon, lat)

    def step(self, incident: str, unit: str, call_sign: str, *states: str) -> None:
        """The unit goes through these steps."""
        for state in states:
            self.do(f"/incidents/{incident}/assignments/{unit}", {"state": state}, call_sign)


def take_quiet(studio: Studio) -> None:
    """Nothing has happened yet."""
    for size, language in ((WALL, "th"), (LAPTOP, "en")):
        with studio.console(size, language) as page:
            studio.take(page, "1-quiet", size, language)


def take_new_press(studio: Studio) -> str:
    """A press that nobody has acknowledged."""
    with studio.console(LAPTOP, "th") as page, studio.console(PHONE, "th") as phone:
        incident = studio.press("sos-03")
        for each, size in ((page, LAPTOP), (phone, PHONE)):
            expect(each.get_by_test_id("queue-item")).to_be_visible()
            studio.take(each, "2-new-sos", size, "th")
            each.get_by_test_id("queue-item").click()
            expect(each.get_by_test_id("timeline-event").first).to_be_attached()
            studio.take(each, "3-new-sos-chosen", size, "th")
    return incident


def play_evening(studio: Studio, hearts: Heartbeats, pier: str) -> dict[str, str]:
    """Several incidents in different stages, units on their way, one fix that is old and a pole that is silent."""
    studio.on(pier, "acknowledge")
    studio.on(pier, "dispatch", unit_ids=["moto-1", "foot-1"])
    studio.step(pier, "moto-1", "มุกดา 21", "accepted", "en_route")
    hearts.places["มุกดา 21"] = (104.72905, 16.54420)
    studio.do(f"/incidents/{pier}/notes", {"text": "ผู้แจ้งเป็นหญิง สวมเสื้อแดง รออยู่หน้าทางลงเรือ"})
    theft = studio.do(
        "/reports",
        {
            "kind": "theft",
            "channel": "phone",
            "text": "กระเป๋าสตางค์หายที่แผงเสื้อผ้า เห็นคนเดินออกไปทางถนนใหญ่",
            "place": {"lon": 104.72975, "lat": 16.54110},
            "place_text": "ตลาดกลางคืน แถวที่สอง",
            "reporter": {"name": "ผู้แจ้งตัวอย่าง", "phone": "000-000-0000"},
        },
    )["incident_id"]
    studio.on(theft, "acknowledge", "operator-2")
    studio.on(theft, "dispatch", "operator-2", unit_ids=["car-1"])
    studio.step(theft, "car-1", "มุกดา 11", "accepted", "en_route", "on_scene")
    noise = studio.do(
        "/reports", {"kind": "noise", "channel": "web", "place": {"lon": 104.7279, "lat": 16.5453}}
    )
    studio.on(noise["incident_id"], "acknowledge")
    prank = studio.press("sos-07")
    studio.on(prank, "close", outcome="prank", note="เด็กเล่นกัน")
    gold = studio.press("sos-05")
    return {"pier": pier, "theft": theft, "noise": noise["incident_id"], "gold": gold}


def take_busy(studio: Studio, shown: dict[str, str]) -> None:
    """Many incidents, the recommendation, the units."""
    for size, language in (
        (README, "th"),
        (README, "en"),
        (WALL, "th"),
        (LAPTOP, "th"),
        (LAPTOP, "en"),
        (PHONE, "en"),
    ):
        with studio.console(size, language) as page:
            if size is PHONE:
                studio.take(page, "4-many", size, language)
                for tab in ("map", "units"):
                    page.get_by_test_id(f"tab-{tab}").click()
                    page.wait_for_timeout(1_500)
                    studio.take(page, f"4-many-{tab}", size, language)
                continue
            page.locator(f'[data-incident-id="{shown["gold"]}"]').click()
            page.get_by_test_id("incident-number").hover()
            expect(page.get_by_test_id("unit-choice").first).to_be_visible()
            studio.take(page, "4-many", size, language)
            if size is LAPTOP:
                page.keyboard.press("d")
                page.keyboard.press("1")
                studio.take(page, "5-dispatch", size, language)
                page.locator(f'[data-incident-id="{shown["pier"]}"]').click()
                expect(page.get_by_test_id("note")).to_be_attached()
                studio.take(page, "6-on-the-way", size, language)
                page.locator(f'[data-incident-id="{shown["theft"]}"]').click()
                page.keyboard.press("c")
                studio.take(page, "7-close", size, language)


def take_windows(studio: Studio) -> None:
    """What lies over the desk, or takes a part of it."""
    for size, language in ((LAPTOP, "th"), (LAPTOP, "en"), (PHONE, "th")):
        with studio.console(size, language) as page:
            for key, state in (("f", "8-phone-form"), ("?", "9-help"), ("h", "10-handover")):
                page.keyboard.press(key)
                studio.take(page, state, size, language)
                page.keyboard.press("Escape")
            if size is not PHONE:
                page.get_by_test_id("assets-open").click()
                studio.take(page, "11-equipment", size, language)


def take_conflict(studio: Studio, shown: dict[str, str]) -> None:
    """Somebody was faster."""
    for language in ("th", "en"):
        with studio.console(LAPTOP, language) as page:
            page.locator(f'[data-incident-id="{shown["noise"]}"]').click()
            page.keyboard.press("c")
            page.keyboard.press("3")
            page.route("**/close", lambda route: _be_faster(studio, shown["noise"], route))
            page.get_by_test_id("close-note").fill("ลดเสียงแล้ว")
            page.keyboard.press("Enter")
            expect(page.get_by_test_id("conflict")).to_be_visible()
            studio.take(page, "12-conflict", LAPTOP, language)


def _be_faster(studio: Studio, incident: str, route: Any) -> None:
    studio.on(incident, "priority", "operator-2", priority=3, reason="ผู้แจ้งโทรซ้ำ")
    route.continue_()


@contextmanager
def everywhere(studio: Studio) -> Iterator[Callable[[str, str], None]]:
    """Consoles in both languages and sizes; what is given takes this state of each, once this handle is to be seen."""
    wanted = [(size, language) for size in (LAPTOP, PHONE) for language in ("th", "en")]
    with ExitStack() as opened:
        pages = [(opened.enter_context(studio.console(*each)), *each) for each in wanted]

        def take(state: str, handle: str) -> None:
            for page, size, language in pages:
                expect(page.get_by_test_id(handle)).to_be_visible()
                studio.take(page, state, size, language)

        yield take


def take_bands(studio: Studio) -> None:
    """What is wrong with the system itself: a technician is needed; no pole is heard, besides; the screen is cut off."""
    station = studio.station
    failed = {"at": datetime.now(UTC).isoformat(), "ok": False, "why": NO_BACKUP}
    (station.data / "safekeeping.json").write_text(json.dumps({"backup": failed}), "utf-8")
    with everywhere(studio) as take:
        take("13-notice", "notice-band")
        # The supervisor cannot start another broker while it is stopped itself.
        station.process.send_signal(signal.SIGSTOP)
        try:
            os.kill(station.children()["broker"], signal.SIGKILL)
            take("14-trouble", "trouble-band")
        finally:
            station.process.send_signal(signal.SIGCONT)
    with everywhere(studio) as take:
        os.kill(node := station.children()["node"], signal.SIGSTOP)
        try:
            take("15-cut-off", "feed-band")
        finally:
            os.kill(node, signal.SIGCONT)
    (station.data / "safekeeping.json").unlink()


def take_signed_out(studio: Studio) -> None:
    """Whoever may not be here."""
    asked = {"sort": "token", "role": "operator", "name": "operator-guest"}
    for size, language in ((LAPTOP, "th"), (PHONE, "en")):
        issued = studio.do("/admin/credentials", asked, "admin")
        studio.station.tokens["guest"] = issued["secret"]
        with studio.console(size, language, "guest") as page:
            studio.do(f"/admin/credentials/{issued['credential_id']}/revoke", {"reason": "picture"}, "admin")
            expect(page.get_by_test_id("token-input")).to_be_visible()
            studio.take(page, "16-signed-out", size, language)


def write_readme_pictures(folder: Path) -> None:
    """docs/images shows the busy console in both languages, small enough to be read over a telephone line."""
    images = REPO / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    for language, name in (("th", "console.png"), ("en", "console-en.png")):
        with Image.open(folder / f"4-many-{language}-{README.name}.png") as picture:
            # By coverage, not by frequency: the few points of a rare colour are the ones that mean something.
            few = picture.convert("RGB").quantize(
                256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
        out = io.BytesIO()
        few.save(out, "PNG", optimize=True)
        if out.tell() > README_PICTURE_BYTES:
            raise RuntimeError(f"{name} has {out.tell()} bytes, more than {README_PICTURE_BYTES}")
        (images / name).write_bytes(out.getvalue())
        print(images / name, out.tell())


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="where the pictures are left")
    parser.add_argument("--readme", action="store_true", help="also renew docs/images")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=30_000)
    chromium = find_or_install_chromium()
    with (
        tempfile.TemporaryDirectory() as temporary,
        running(Path(temporary) / "data", settings=QUICK) as station,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=DRAWING_FLAGS)
        studio, hearts = Studio(station, browser, asked.folder), Heartbeats(station, silent="sos-06")
        studio.sign_on("มุกดา 31", "foot-1", 104.73010, 16.54330)  # Its fix grows old.
        for call_sign, unit, lon, lat in (
            ("มุกดา 21", "moto-1", 104.72830, 16.54330),
            ("มุกดา 11", "car-1", 104.72935, 16.54135),
            ("มุกดา 12", "car-2", 104.72720, 16.54560),
            ("มุกดา 22", "moto-2", 104.72890, 16.54050),
        ):
            studio.sign_on(call_sign, unit, lon, lat)
            hearts.places[call_sign] = (lon, lat)
        take_quiet(studio)
        shown = play_evening(studio, hearts, take_new_press(studio))
        take_busy(studio, shown)
        take_windows(studio)
        take_conflict(studio, shown)
        take_bands(studio)
        take_signed_out(studio)
        studio.leave()
        hearts.end()
        browser.close()
    if asked.readme:
        write_readme_pictures(asked.folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
