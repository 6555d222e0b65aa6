"""A setting is changed in the browser: by an administrator, with a reason, and the log says from what to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from sqlalchemy import Connection, select

from safezone.core.bus import Bus
from safezone.core.db import forget_remembered, to_us, upsert
from safezone.core.errors import Conflict, Invalid, NotFound
from safezone.core.event import Entry, Event, Sealed
from safezone.core.i18n import Words
from safezone.core.in_force import SettingsInForce, field_of, setting
from safezone.core.settings import Settings
from safezone.core.work import UnitOfWork

Value = int | str | list[str]
LONGEST_REASON: Final = 500

_IN_ORDER: Final = (
    ("positions.fix_stale_s", "positions.fix_lost_s"),
    ("heartbeats.interval_s", "heartbeats.watch_after_s"),
    ("heartbeats.watch_after_s", "heartbeats.down_after_s"),
)
"""Settings of which the first must be less than the second, or the second can never be."""


class SettingChanged(Event, frozen=True, tag="setting_changed"):
    """A setting has another value from now on. With `reset` it follows the default again, which now is `after`."""

    subject_field = "key"
    key: str
    before: Value
    after: Value
    reset: bool = False
    reason: Sealed | None = None


class ChangeSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Set `key` to `value`, or with None back to its default. `expected_version` is 0 for one that was never changed."""

    key: str
    value: Value | None
    expected_version: int
    reason: str


def register(bus: Bus, in_force: SettingsInForce, view: Callable[[Connection, str, str], Any]) -> None:
    """The lane knows how a setting is changed; `view` says how one stands now, for whoever came second."""
    bus.handle(ChangeSetting, lambda cmd, uow: _change(cmd, uow, in_force, view))
    bus.apply(SettingChanged, _apply)


def _change(
    cmd: ChangeSetting,
    uow: UnitOfWork,
    in_force: SettingsInForce,
    view: Callable[[Connection, str, str], Any],
) -> None:
    uow.identity.require("admin")
    field = field_of(cmd.key)
    if field is None:
        raise NotFound(
            "no_setting",
            Words(
                th=f"ไม่มีการตั้งค่า “{cmd.key}” ที่เปลี่ยนผ่านหน้าจอได้",
                en=f"There is no setting “{cmd.key}” that can be changed in the browser.",
            ),
        )
    if cmd.key in in_force.locked:
        raise Conflict(
            "set_in_file",
            Words(
                th=f"“{cmd.key}” กำหนดไว้ในไฟล์ safezone.toml: แก้ที่ไฟล์ หรือนำบรรทัดนั้นออกก่อน",
                en=f"“{cmd.key}” stands in safezone.toml: change it there, or take the line out first.",
            ),
            current=view(uow.conn, uow.station, cmd.key),
        )
    changed = select(setting.c.version).where(setting.c.station == uow.station, setting.c.key == cmd.key)
    if (uow.conn.execute(changed).scalar() or 0) != cmd.expected_version:
        raise Conflict(
            "setting_overtaken",
            Words(
                th="มีผู้อื่นเปลี่ยนค่านี้ไปแล้ว: ดูค่าปัจจุบันก่อนแล้วตัดสินใจใหม่",
                en="Somebody else has changed this meanwhile: look at how it is now and decide again.",
            ),
            current=view(uow.conn, uow.station, cmd.key),
        )
    now = in_force.read(uow.conn, uow.station)
    before = value_of(now, cmd.key)
    after = field.default if cmd.value is None else checked_value(cmd.key, field, cmd.value)
    _check_order(now, cmd.key, after)
    uow.record(
        SettingChanged(
            key=cmd.key,
            before=plain(before),
            after=plain(after),
            reset=cmd.value is None,
            reason=uow.seal(cmd.reason, "reason"),
        )
    )


def value_of(settings: Settings, key: str) -> Any:
    """The value of a key such as `limits.arrive_limit_s`."""
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def plain(value: Any) -> Value:
    """A value as it stands in JSON."""
    made: Any = msgspec.to_builtins(value)
    shown: Value = list(made) if isinstance(made, tuple) else made
    return shown


def range_of(field: msgspec.structs.FieldInfo) -> tuple[int | None, int | None]:
    """The least and the most that a number may be."""
    metas = get_args(field.type)[1:] if get_origin(field.type) is Annotated else ()
    lows = [meta.ge for meta in metas if getattr(meta, "ge", None) is not None]
    highs = [meta.le for meta in metas if getattr(meta, "le", None) is not None]
    return (lows[0] if lows else None), (highs[0] if highs else None)


def choices_of(field: msgspec.structs.FieldInfo) -> tuple[str, ...]:
    """The words among which one (or, in a list, some) may be chosen; none where it is a number."""
    kind = field.type
    if get_origin(kind) is tuple:
        kind = get_args(kind)[0]
    found = [each for each in get_args(kind) if isinstance(each, str)]
    return tuple(found)


def checked_value(key: str, field: msgspec.structs.FieldInfo, value: Value) -> Any:
    """The value as the settings hold it; Invalid says in both languages what may stand there."""
    try:
        made = msgspec.convert(value, field.type)
    except msgspec.ValidationError:
        raise Invalid("bad_setting", _allowed(field), field=key) from None
    return tuple(dict.fromkeys(made)) if isinstance(made, tuple) else made


def _allowed(field: msgspec.structs.FieldInfo) -> Words:
    if choices := choices_of(field):
        listed = ", ".join(choices)
        return Words(th=f"ใช้ได้เฉพาะ: {listed}", en=f"It must be of: {listed}.")
    if isinstance(field.default, str):
        return Words(
            th="ต้องเป็นรหัสสถานี (a-z 0-9 และ - เช่น mukdahan-hq) หรือเว้นว่าง",
            en="It must be the id of a station (a-z, 0-9 and -, such as mukdahan-hq), or empty.",
        )
    low, high = range_of(field)
    return Words(
        th=f"ต้องเป็นจำนวนเต็มตั้งแต่ {low:,} ถึง {high:,}",
        en=f"It must be a whole number from {low:,} to {high:,}.",
    )


def _check_order(now: Settings, key: str, after: Any) -> None:
    for less, more in _IN_ORDER:
        if key not in (less, more):
            continue
        low, high = (after if key == each else value_of(now, each) for each in (less, more))
        if low >= high:
            bound = f"{less.partition('.')[2]} ({low:,}) < {more.partition('.')[2]} ({high:,})"
            raise Invalid(
                "settings_out_of_order",
                Words(th=f"ค่าทั้งสองต้องเรียงกัน: {bound}", en=f"These two must be in order: {bound}."),
                field=key,
            )


def _apply(conn: Connection, entry: Entry, event: SettingChanged) -> None:
    values = {
        "value": None if event.reset else msgspec.json.encode(event.after).decode(),
        "version": entry.seq,
        "changed_at_us": to_us(entry.at),
        "changed_by": entry.actor,
        "reason_ref": event.reason.ref if event.reason else None,
    }
    row = upsert(setting, conn).values(station=entry.station, key=event.key, **values)
    conn.execute(row.on_conflict_do_update(index_elements=["station", "key"], set_=values))
    forget_remembered(conn)
