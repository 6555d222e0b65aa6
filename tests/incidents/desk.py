"""What the tests of the incidents ask of a station, in few words."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from typing import Any

from safezone.core.geo import Point
from safezone.core.identity import Identity
from safezone.incidents import commands as cmds
from safezone.incidents import queries
from safezone.incidents.views import IncidentDetail, IncidentView, Receipt
from safezone.patrol.commands import SetDuty
from tests.support.station import STATION, Station, who

OPERATOR = who("operator", "ccoc-1")
OTHER_OPERATOR = who("operator", "ccoc-2")
SUPERVISOR = who("supervisor", "duty-20")
SYSTEM = who("system", "test")
PUBLIC = Identity(STATION, "public", "anonymous")
ON_DUTY = ("car-1", "moto-1", "foot-1")
MARKET = Point(104.7297, 16.5430)

_keys = itertools.count()


class Desk(Station):
    """The station as an operator uses it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        for unit_id in ON_DUTY:
            self.do(SetDuty(unit_id, True), who("unit", unit_id))

    def press(
        self, point: str = "sos-03", *, key: str | None = None, claimed_at: datetime | None = None
    ) -> Receipt:
        """A pole is pressed."""
        asked = cmds.ReportEmergency(
            dedupe_key=key or f"press-{next(_keys)}",
            channel="sos_point",
            sos_point=point,
            claimed_at=claimed_at,
        )
        receipt: Receipt = self.do(asked, who("sos_point", point))
        return receipt

    def report(self, identity: Identity = OPERATOR, **more: Any) -> Receipt:
        """Somebody reports by telephone (or what `more` says)."""
        asked = {"dedupe_key": f"report-{next(_keys)}", "channel": "phone", "about": "robbery", **more}
        receipt: Receipt = self.do(cmds.ReportEmergency(**asked), identity)
        return receipt

    def opened(self, **more: Any) -> IncidentView:
        """A new incident."""
        return self.view(self.report(**more).incident_id)

    def view(self, incident_id: str) -> IncidentView:
        """How an incident stands."""
        with self.read() as conn:
            return queries.get_incident(conn, OPERATOR, incident_id, self.surroundings)

    def detail(self, incident_id: str) -> IncidentDetail:
        """Everything about it."""
        with self.read() as conn:
            return queries.get_detail(conn, OPERATOR, incident_id, self.surroundings, self.desk.reader)

    def open_list(self, identity: Identity = OPERATOR, state: str = "open") -> list[str]:
        """The ids of the incidents that somebody sees."""
        with self.read() as conn:
            return [v.id for v in queries.list_incidents(conn, identity, self.surroundings, state=state)]

    def on(self, view: IncidentView, command: type[Any], *rest: Any, by: Identity = OPERATOR) -> IncidentView:
        """An action on the incident as `view` shows it; how the incident that it answers with stands then."""
        return self.view(self.do(command(view.id, view.version, *rest), by))

    def acknowledge(self, view: IncidentView, by: Identity = OPERATOR) -> IncidentView:
        return self.on(view, cmds.AcknowledgeIncident, by=by)

    def dispatch(self, view: IncidentView, *unit_ids: str, reason: str | None = None) -> IncidentView:
        return self.on(view, cmds.DispatchUnits, list(unit_ids), reason)

    def close_as(
        self, view: IncidentView, outcome: str = "resolved", note: str | None = None
    ) -> IncidentView:
        return self.on(view, cmds.CloseIncident, outcome, note)

    def merge(self, view: IncidentView, into: IncidentView) -> IncidentView:
        return self.on(view, cmds.MergeIncident, into.id)

    def reopen(self, view: IncidentView, reason: str = "not over") -> IncidentView:
        return self.on(view, cmds.ReopenIncident, reason)

    def step(
        self,
        view: IncidentView,
        unit_id: str,
        step: str,
        *,
        reason: str | None = None,
        by: Identity | None = None,
    ) -> IncidentView:
        """A unit goes on with an incident."""
        self.do(cmds.ProgressAssignment(view.id, unit_id, step, reason), by or who("unit", unit_id))  # type: ignore[arg-type]
        return self.view(view.id)

    def kinds(self, incident_id: str) -> list[str]:
        """What has happened to an incident, by kind."""
        return [entry.kind for entry in self.detail(incident_id).timeline]
