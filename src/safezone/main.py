"""The wiring: the only file that knows everyone, and the program's table of contents."""

from __future__ import annotations

from safezone.assets import handlers as assets
from safezone.core import auth, devices, listeners, once, together
from safezone.core.bus import Bus
from safezone.core.settings import Settings
from safezone.entrypoints.feeds import EstateAdapter, PatrolAdapter
from safezone.entrypoints.house import House
from safezone.incidents import handlers as incidents
from safezone.incidents.surroundings import Surroundings
from safezone.patrol import handlers as patrol
from safezone.zone import handlers as zone


def wire(settings: Settings) -> House:
    """Every command has its handler, every event its store, every listener its ear; nothing runs yet."""
    bus = Bus()
    surroundings = Surroundings(EstateAdapter(), settings.limits)

    # the ground
    auth.register(bus)
    devices.register(bus)
    once.register(bus)
    together.register(bus)
    listeners.register(bus)

    # the estate
    zone.register(bus)
    assets.register(bus, settings.heartbeats)

    # operations
    patrol.register(bus)
    incidents.register(bus, surroundings, PatrolAdapter())

    return House(settings, bus, surroundings)
