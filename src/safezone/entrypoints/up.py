"""`safezone up` and `safezone demo`: start every process of a station, say where it answers, and keep it running."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from safezone.entrypoints.child import ChildSpec
from safezone.entrypoints.supervise import Supervisor
from safezone.entrypoints.voice import say, speak, wanted_by

if TYPE_CHECKING:
    import argparse

    from safezone.entrypoints.cli.parsing import Wire

DEMO_SETTINGS: Final = Path(__file__).parent / "demo" / "safezone.toml"


def run_up(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone up`: returns when it was told to stop, or with 78 when the station cannot start."""
    more = ["--set", str(args.station_set)] if args.station_set else []
    return _start(args, more, [], _tell_up)


def run_demo(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone demo`: the demonstration station, with simulated poles and patrols unless they are not wanted."""
    others = []
    if not args.no_simulation:
        more = ["--speed", str(args.speed), *(["--scenario", args.scenario] if args.scenario else [])]
        words = [*_safezone("simulate"), "--data", str(args.data), *more]
        others.append(ChildSpec("simulator", words, is_wrapped=True))
    _put_demo_settings(args.data)
    return _start(args, ["--demo"], others, _tell_demo)


def _start(args: argparse.Namespace, more: list[str], others: list[ChildSpec], tell: Any) -> int:
    speak(wanted_by(args.data / "safezone.toml")[0])
    others = [*_certificate(args), *others]
    if not args.separate:
        return _Launch(args).run([_node(args, more), *others], tell)
    from safezone.entrypoints.separate import list_parts, open_web  # noqa: PLC0415 - the usual start stays small

    web = open_web(args)
    if web is None:
        return 78
    with web:
        return _Launch(args).run([*list_parts(args, more, web.fileno()), *others], tell)


def _put_demo_settings(data: Path) -> None:
    """A demonstration that is about to be made has the demonstration's settings; one that is there keeps its own."""
    if (data / "safezone.db").exists() or (data / "safezone.toml").exists():
        return
    try:
        data.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DEMO_SETTINGS, data / "safezone.toml")
    except OSError:
        return  # The launch says in a moment what is wrong with this folder.


def _safezone(*words: str) -> list[str]:
    return [sys.executable, "-m", "safezone", *words]


def _node(args: argparse.Namespace, more: list[str]) -> ChildSpec:
    ports = [
        f"--{name}={value}"
        for name, value in (("port", args.port), ("mqtt-port", args.mqtt_port))
        if value is not None
    ]
    words = [*_safezone("node"), "--data", str(args.data), *ports, *more]
    return ChildSpec("node", words, tells_ready=True, is_watched=True)


def _certificate(args: argparse.Namespace) -> list[ChildSpec]:
    """The process that gets the certificate, where the settings want one; what is wrong with them is said by the node."""
    try:
        section = tomllib.loads((args.data / "safezone.toml").read_text("utf-8")).get("acme", {})
        if not section.get("domains"):
            return []
    except (OSError, ValueError, RecursionError, AttributeError):
        return []
    words = [sys.executable, "-m", "safezone.entrypoints.acme.child", str(args.data)]
    port = [] if args.port is None else [str(args.port)]
    return [ChildSpec("certificate", [*words, *port], tells_ready=True)]


class _Launch:
    """One start of a station's processes."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._data: Path = args.data
        self._ready_file: Path | None = args.ready_file
        self._run = self._data / "run"

    def run(self, children: list[ChildSpec], tell: Any) -> int:
        """Every child runs until the end; `tell` is called once all of it answers."""
        if self._ready_file is not None and not self._ready_file.parent.is_dir():
            where = self._ready_file.parent
            _tell(f"safezone: --ready-file: ไม่มีโฟลเดอร์ {where} / There is no folder {where}", failed=True)
            return 78
        words = [sys.executable, "-m", "safezone.entrypoints.broker.child"]
        words.append(str(self._run / "broker-call.json"))
        broker = ChildSpec("broker", words, is_wrapped=True)
        supervisor = Supervisor(
            [broker, *children],
            self._run,
            when_alone=self._forget_last_start,
            when_ready=lambda: self._answers(tell),
        )
        return supervisor.run()

    def _forget_last_start(self) -> None:
        """Only what this start's node writes counts: the port may be another one now."""
        for name in ("broker-call.json", "node.json", "doors.json"):
            (self._run / name).unlink(missing_ok=True)

    def _answers(self, tell: Any) -> None:
        node = _read(self._run / "node.json")
        ready = tell(node, self._run)
        if self._ready_file is not None:
            part = self._ready_file.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(json.dumps(ready, indent=2, ensure_ascii=False), "utf-8")
            part.replace(self._ready_file)


def _tell_up(node: dict[str, Any], run: Path) -> dict[str, Any]:
    _tell(f"Safe Zone ({node['station']}) พร้อมใช้ / is ready: {_shown(node)}/console")
    link = run / "first-link.json"
    if link.exists():
        token = _read(link)["token"]
        _tell(
            "เปิดลิงก์นี้เพื่อสร้างบัญชีผู้ดูแลระบบคนแรก (ชื่อ รหัสผ่าน แอปยืนยันตัว) ใช้ได้ครั้งเดียวภายใน 24 ชั่วโมง / open this "
            "link to make the first administrator's account (name, password, app); good once within 24 hours:\n"
            f"  {_shown(node)}/enter#token={token}"
        )
        # Shown once: whoever reads the folder later finds nothing.
        link.unlink()
    secrets = run.parent / "sos-point-secrets.csv"
    if secrets.exists():
        _tell(f"รหัสของเสา SOS / secrets of the SOS points: {secrets} (ส่งให้ช่างแล้วลบ / hand over, then delete)")
    return _facts(node)


def _tell_demo(node: dict[str, Any], run: Path) -> dict[str, Any]:
    if not (run / "demo-secrets.json").exists():
        _tell(
            f"นี่ไม่ใช่สถานีสาธิต เลือกโฟลเดอร์อื่นด้วย --data / {run.parent} holds no demonstration: "
            "choose another folder with --data",
            failed=True,
        )
        return _facts(node)
    secrets = _read(run / "demo-secrets.json")
    _tell(
        "ข้อมูลสาธิต: ไม่ใช่เหตุจริง / Demonstration data: nothing of this is real\n"
        f"Safe Zone — {secrets['name']['th']} / {secrets['name']['en']}\n"
        f"เปิดหน้าจอศูนย์ควบคุม / open the console:\n  {_shown(node)}/enter#token={secrets['tokens']['operator']}"
    )
    return {**_facts(node), "sos_points": secrets["devices"], "tokens": secrets["tokens"]}


def _shown(node: dict[str, Any]) -> str:
    """The address that people open."""
    return str(node.get("shown_url") or node["url"])


def _tell(text: str, *, failed: bool = False) -> None:
    say(text, "safezone.up", "ERROR" if failed else "INFO", to_stdout=not failed)


def _facts(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "url": node["url"],
        "api": f"{node['url']}/api/v1",
        "station": node["station"],
        "mqtt": {"host": node["mqtt_host"], "port": node["mqtt_port"]},
        "pid": os.getpid(),
    }


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
