"""Finds a running demonstration: where it answers, and the secrets of its make-believe poles and patrols."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Said(NamedTuple):
    """One sentence in both languages. (The program's own `Words` would double what this small process loads.)"""

    th: str
    en: str

    def __str__(self) -> str:
        return f"{self.th} / {self.en}"


class NoDemo(Exception):
    """There is no demonstration in this folder, or none that has ever run."""

    def __init__(self, words: Said) -> None:
        super().__init__(str(words))
        self.words = words


@dataclass(frozen=True)
class Running:
    """Where a station answers now; its ports may be others after a restart."""

    url: str
    station: str
    mqtt_host: str
    mqtt_port: int


@dataclass(frozen=True)
class Secrets:
    """What the demonstration was given when it was made: password by SOS point, bearer token by duty or call sign."""

    passwords: dict[str, str]
    tokens: dict[str, str]


def find_running(data: Path) -> Running | None:
    """Where the station of this data folder answers; None while it does not (yet)."""
    try:
        said = json.loads((data / "run" / "node.json").read_text("utf-8"))
        return Running(said["url"], said["station"], said["mqtt_host"], said["mqtt_port"])
    except (OSError, ValueError, KeyError):
        return None


def read_secrets(data: Path) -> Secrets:
    """The secrets of the demonstration; NoDemo when the folder holds none."""
    try:
        said: dict[str, Any] = json.loads((data / "run" / "demo-secrets.json").read_text("utf-8"))
        passwords = {each["id"]: each["password"] for each in said["devices"]}
        return Secrets(passwords, dict(said["tokens"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise NoDemo(
            Said(
                f"ไม่พบสถานีสาธิตใน {data}: เริ่มด้วย safezone demo หรือบอกโฟลเดอร์ด้วย --data",
                f"There is no demonstration in {data}: start one with safezone demo, or say where with --data.",
            )
        ) from None


def read_heartbeat_interval_s(data: Path) -> float:
    """How often a pole is to say that it is well, by the station's settings (60 s where they say nothing)."""
    # Not by `core.settings`: it brings msgspec and with it 9 MB, to read one number.
    import tomllib  # noqa: PLC0415 - needed once

    try:
        found = tomllib.loads((data / "safezone.toml").read_text("utf-8"))
        return float(found["heartbeats"]["interval_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return 60.0
