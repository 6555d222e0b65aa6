"""The wiring: the only file that knows everyone, and the program's table of contents."""

from __future__ import annotations

from safezone.assets import handlers as assets
from safezone.core import (
    auth,
    changing_settings,
    devices,
    listeners,
    once,
    purpose,
    sessions,
    settings_views,
    together,
)
from safezone.core.accounts import forgetting, guessing, own, passkeys, provider_links, provider_sessions
from safezone.core.accounts import handlers as accounts
from safezone.core.bus import Bus
from safezone.core.in_force import SettingsInForce
from safezone.core.settings import Settings
from safezone.entrypoints.feeds import EstateAdapter, PatrolAdapter
from safezone.entrypoints.house import House
from safezone.incidents import handlers as incidents
from safezone.incidents.erasing import list_held
from safezone.incidents.surroundings import Surroundings
from safezone.patrol import handlers as patrol
from safezone.region import handlers as region
from safezone.zone import handlers as zone


def wire(settings: Settings) -> House:
    """Every command has its handler, every event its store, every listener its ear; nothing runs yet."""
    bus = Bus()
    in_force = SettingsInForce(settings)
    surroundings = Surroundings(EstateAdapter(), in_force)

    # the ground
    auth.register(bus)
    devices.register(bus)
    sessions.register(bus)
    accounts.register(bus)
    forgetting.register(bus)
    guessing.register(bus)
    own.register(bus, settings.accounts)
    passkeys.register(bus, settings.accounts)
    provider_links.register(bus, settings.accounts)
    provider_sessions.register(bus)
    once.register(bus)
    together.register(bus)
    listeners.register(bus)
    purpose.register(bus)
    changing_settings.register(bus, in_force, settings_views.viewer(in_force))

    # the estate
    zone.register(bus)
    assets.register(bus, in_force, list_held)

    # operations
    patrol.register(bus)
    incidents.register(bus, surroundings, PatrolAdapter())

    # looking out
    region.register(bus)

    return House(in_force, bus, surroundings)
