"""The HTTP face of the settings: what is in force and why, and changing it, for the station's office."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from safezone.core.changing_settings import LONGEST_REASON, ChangeSetting, Value
from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.core.settings_views import (
    HistoryView,
    SettingsView,
    SettingView,
    get_history,
    get_setting,
    list_settings,
)

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


class ChangeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The new value, why, and which change was seen last (`version`; 0 for a setting that nobody has changed)."""

    value: Value
    reason: Reason
    expected_version: Annotated[int, msgspec.Meta(ge=0)]


class ResetBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it goes back to its default, and which change was seen last."""

    reason: Reason
    expected_version: Annotated[int, msgspec.Meta(ge=0)]


class SettingsRoutes(Controller):
    """For the administrator; the supervisor, the chief and the auditor may look."""

    path = "/api/v1/settings"
    tags = ("settings",)

    @get()
    async def list_settings(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> SettingsView:
        """Every setting with its meaning, its default, what is in force and why, and who changed it."""
        return await desk.ask(list_settings, identity, desk.in_force)

    @get("/{key:str}")
    async def show_history(
        self, key: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> HistoryView:
        """One setting (`limits.arrive_limit_s`) with every change that was ever made to it."""
        return await desk.ask(get_history, identity, key, desk.in_force, desk.reader)

    @post("/{key:str}", status_code=200)
    async def change_setting(
        self,
        key: FromPath[str],
        data: JSONBody[ChangeBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> SettingView:
        """It has this value at once, in every process. 409 when somebody else was first or when the file says it."""
        change = ChangeSetting(
            key=key, value=data.value, expected_version=data.expected_version, reason=data.reason
        )
        await desk.execute(change, identity)
        return await desk.ask(get_setting, identity.station, key, desk.in_force)

    @post("/{key:str}/reset", status_code=200)
    async def reset_setting(
        self,
        key: FromPath[str],
        data: JSONBody[ResetBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> SettingView:
        """It follows the default of the program again."""
        change = ChangeSetting(
            key=key, value=None, expected_version=data.expected_version, reason=data.reason
        )
        await desk.execute(change, identity)
        return await desk.ask(get_setting, identity.station, key, desk.in_force)
