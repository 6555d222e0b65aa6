"""Every setting as a screen shows it: meaning, default, what is in force and why, who changed it when, and its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, make_url, select

from safezone.core.changing_settings import SettingChanged, Value, choices_of, plain, range_of, value_of
from safezone.core.db import from_us
from safezone.core.docstrings import first_paragraph, meanings_of
from safezone.core.errors import NotFound
from safezone.core.i18n import Words
from safezone.core.identity import Identity, Role
from safezone.core.in_force import CHANGEABLE, SettingsInForce, field_of, setting
from safezone.core.log import LogReader
from safezone.core.setting_words import GROUPS, SETTINGS
from safezone.core.settings import Settings
from safezone.core.vault import find_text, open_many

Origin = Literal["default", "browser", "file"]
READERS: tuple[Role, ...] = ("admin", "supervisor", "chief", "auditor")


class SettingView(msgspec.Struct, frozen=True):
    """One setting. `origin` says what is in force: the default, a change in the browser, or the file, which locks it."""

    key: str
    name: Words
    meaning: Words
    value: Value
    default: Value
    origin: Origin
    version: int
    """Which change this is (a line of the log); 0 when nobody has changed it. A change names it, so that none is lost."""
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    several: bool = False
    """Any number of the choices; otherwise one of them, or, without any, a number or (where the default is one) a text."""
    changed_at: datetime | None = None
    changed_by: str | None = None
    reason: str | None = None


class GroupView(msgspec.Struct, frozen=True):
    """Settings that belong together."""

    name: str
    title: Words
    meaning: Words
    items: list[SettingView]


class TechnicalView(msgspec.Struct, frozen=True):
    """A setting that stays with the file: shown, never changed here."""

    key: str
    meaning: str
    value: Any
    default: Any
    in_file: bool


class SettingsView(msgspec.Struct, frozen=True):
    """Everything that can be set, and whether whoever asks may change it."""

    may_change: bool
    groups: list[GroupView]
    technical: list[TechnicalView]


class ChangeView(msgspec.Struct, frozen=True):
    """One change of a setting; `reason` is None once its key was deleted."""

    seq: int
    at: datetime
    actor: str
    before: Value
    after: Value
    reset: bool
    reason: str | None


class HistoryView(msgspec.Struct, frozen=True):
    """How a setting came to be as it is, newest first."""

    setting: SettingView
    changes: list[ChangeView]


def list_settings(conn: Connection, identity: Identity, in_force: SettingsInForce) -> SettingsView:
    """Every setting; for those who answer for the station."""
    identity.require(*READERS)
    rows = _changed(conn, identity.station)
    reasons = open_many(conn, identity.station, (row.reason_ref for row in rows.values()))
    now = in_force.read(conn, identity.station)
    groups = [
        GroupView(
            name,
            GROUPS[name][0],
            Words(GROUPS[name][1], first_paragraph(type(getattr(now, name)).__doc__)),
            [_view(key, now, in_force, rows.get(key), reasons) for key in keys_of(name)],
        )
        for name in CHANGEABLE
    ]
    return SettingsView(identity.role == "admin", groups, list_technical(in_force))


def keys_of(section: str) -> list[str]:
    """The keys of one section that can be changed, in the order of the file."""
    kind = next(each.type for each in msgspec.structs.fields(Settings) if each.name == section)
    return [f"{section}.{field.name}" for field in msgspec.structs.fields(kind)]


def get_setting(conn: Connection, station: str, key: str, in_force: SettingsInForce) -> SettingView:
    """One setting as it stands now; NotFound when there is none."""
    if field_of(key) is None:
        raise NotFound("no_setting", Words(th=f"ไม่มีการตั้งค่า “{key}”", en=f"There is no setting “{key}”."))
    row = _changed(conn, station).get(key)
    reasons = open_many(conn, station, (row.reason_ref,)) if row else {}
    return _view(key, in_force.read(conn, station), in_force, row, reasons)


def viewer(in_force: SettingsInForce) -> Callable[[Connection, str, str], SettingView]:
    """What is shown to whoever comes second: the setting as it stands now."""
    return lambda conn, station, key: get_setting(conn, station, key, in_force)


def get_history(
    conn: Connection, identity: Identity, key: str, in_force: SettingsInForce, reader: LogReader
) -> HistoryView:
    """How this setting came to be as it is."""
    identity.require(*READERS)
    view = get_setting(conn, identity.station, key, in_force)
    changes = [
        ChangeView(
            entry.seq,
            entry.at,
            entry.actor,
            event.before,
            event.after,
            event.reset,
            find_text(conn, identity.station, event.reason.ref if event.reason else None),
        )
        for entry in reader.list_about(conn, identity.station, key)
        if isinstance(event := entry.event, SettingChanged)
    ]
    return HistoryView(view, changes[::-1])


def list_technical(in_force: SettingsInForce) -> list[TechnicalView]:
    """What stays with the file, with secrets left out of addresses."""
    found = []
    for section in msgspec.structs.fields(Settings):
        value = getattr(in_force.from_file, section.name)
        if section.name in CHANGEABLE or not isinstance(value, msgspec.Struct):
            continue
        meanings = _meanings(value)
        for field in msgspec.structs.fields(type(value)):
            key = f"{section.name}.{field.name}"
            shown, preset = plain(getattr(value, field.name)), plain(field.default)
            found.append(
                TechnicalView(key, meanings.get(field.name, ""), shown, preset, key in in_force.locked)
            )
    address = in_force.from_file.database_url
    shown = make_url(address).render_as_string(hide_password=True) if address else ""
    meanings, station = meanings_of(Settings), in_force.from_file.station
    return [
        *found,
        TechnicalView("station", meanings.get("station", ""), station, "", bool(station)),
        TechnicalView("database_url", meanings.get("database_url", ""), shown, "", bool(address)),
    ]


def _meanings(section: msgspec.Struct) -> dict[str, str]:
    return meanings_of(type(section))


def _changed(conn: Connection, station: str) -> dict[str, Any]:
    return {row.key: row for row in conn.execute(select(setting).where(setting.c.station == station))}


def _view(
    key: str, now: Settings, in_force: SettingsInForce, row: Any, reasons: dict[str, bytes]
) -> SettingView:
    field = field_of(key)
    assert field is not None  # noqa: S101 - keys come from the very structs
    section, _, name = key.partition(".")
    origin: Origin = "file" if key in in_force.locked else "default"
    if origin == "default" and row is not None and row.value is not None:
        origin = "browser"
    least, most = range_of(field)
    reason = reasons.get(row.reason_ref) if row is not None else None
    return SettingView(
        key,
        SETTINGS[key][0],
        Words(SETTINGS[key][1], _meanings(getattr(now, section)).get(name, "")),
        plain(value_of(now, key)),
        plain(field.default),
        origin,
        row.version if row is not None else 0,
        least,
        most,
        choices_of(field),
        isinstance(field.default, tuple),
        from_us(row.changed_at_us) if row is not None else None,
        row.changed_by if row is not None else None,
        reason.decode() if reason is not None else None,
    )
