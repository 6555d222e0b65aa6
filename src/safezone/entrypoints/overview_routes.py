"""One page for the chief and the commander: the station in numbers."""

from __future__ import annotations

from typing import Any

from litestar import Controller, get
from litestar.di import NamedDependency

from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.entrypoints.overview import DAYS, Days, Overview, OwnProgram, period_of, read_overview
from safezone.incidents import counting


async def own_program(node_state: Any) -> OwnProgram:
    """How this program is now."""
    report = await node_state.health.look()
    return OwnProgram(node_state.safekeeping(), report.state, list(report.degraded))


class OverviewRoutes(Controller):
    """For supervisors and those above them, and for the auditor."""

    path = "/api/v1/overview"
    tags = ("overview",)

    @get()
    async def show_overview(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        node_state: NamedDependency[Any],
        days: Days = DAYS,
    ) -> Overview:
        """The station in numbers: the incidents of the last `days`, and everything else as it is now."""
        identity.require(*counting.READERS)
        own = await own_program(node_state)
        return await desk.ask(read_overview, identity, desk, period_of(desk, days), own)
