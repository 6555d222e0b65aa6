"""The settings in force: the default, what an administrator has changed in the browser, and above both what the file says.

A key that stands in `safezone.toml` is locked: whoever looks after the machine has decided it, it is the same for every
process, and it is the way back when somebody has set something in the browser with which nobody can work. What was
changed in the browser is read from the table at use, inside the transaction that uses it: it holds at once in every
process of the station, and a command decides by what was in force where it stands in the log. Events hold what was
decided, so that a replay needs no setting.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Column, Connection, String, Text, bindparam, select

from safezone.core.db import Prepared, remembered, table
from safezone.core.settings import Settings, stated_in

CHANGEABLE: Final = (
    "screens",
    "limits",
    "priorities",
    "retention",
    "positions",
    "heartbeats",
    "upkeep",
    "notices",
    "region",
)
"""The sections that may be changed in the browser; ports, files, keys and databases stay with the file."""

setting = table(
    "setting",
    Column("station", String(32), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("value", Text),
    Column("version", BigInteger, nullable=False),
    Column("changed_at_us", BigInteger, nullable=False),
    Column("changed_by", String(120), nullable=False),
    Column("reason_ref", String(36)),
    source="log",
)
"""What was changed: `value` as JSON, null once it was put back to its default; `version` is the line of the log."""

_CHANGED: Final = Prepared(
    select(setting.c.key, setting.c.value).where(setting.c.station == bindparam("of_station"))
)


class SettingsInForce:
    """One program's settings file, and what was changed on top of it."""

    def __init__(self, from_file: Settings) -> None:
        self.from_file = from_file
        self.locked = stated_in(from_file)

    def read(self, conn: Connection, station: str) -> Settings:
        """Every setting as it is in force in this moment of the database; looked up once in a transaction."""
        known = remembered(conn)
        name = f"settings of {station}"
        found: Settings | None = known.get(name)
        if found is None:
            found = known[name] = self._read(conn, station)
        return found

    def _read(self, conn: Connection, station: str) -> Settings:
        changed: dict[str, dict[str, Any]] = {}
        for row in _CHANGED.run(conn, {"of_station": station}):
            if row.value is None or row.key in self.locked:
                continue
            section, _, field = row.key.partition(".")
            value = decode_value(row.key, row.value)
            if value is not msgspec.UNSET:
                changed.setdefault(section, {})[field] = value
        if not changed:
            return self.from_file
        sections = {
            section: msgspec.structs.replace(getattr(self.from_file, section), **values)
            for section, values in changed.items()
        }
        return msgspec.structs.replace(self.from_file, **sections)


def list_stations_that_say(conn: Connection, key: str, value: Any) -> list[str]:
    """The stations of this database in whose browser this was said, and that say it now; for what no file may say."""
    said = msgspec.json.encode(value).decode()
    asked = select(setting.c.station).where(setting.c.key == key, setting.c.value == said)
    return list(conn.execute(asked.order_by(setting.c.station)).scalars())


def field_of(key: str) -> msgspec.structs.FieldInfo | None:
    """The field that a key names; None when it is not one that can be changed in the browser."""
    section, _, name = key.partition(".")
    if section not in CHANGEABLE:
        return None
    kind = next(each.type for each in msgspec.structs.fields(Settings) if each.name == section)
    return next((each for each in msgspec.structs.fields(kind) if each.name == name), None)


def decode_value(key: str, raw: str) -> Any:
    """A stored value; UNSET when this version knows no such setting or would not take it any more."""
    field = field_of(key)
    if field is None:
        return msgspec.UNSET
    try:
        return msgspec.json.decode(raw, type=field.type)
    except msgspec.ValidationError:
        return msgspec.UNSET
