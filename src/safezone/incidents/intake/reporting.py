"""What is done with a report, whatever its channel: it is taken once, and opens an incident or joins one."""

from __future__ import annotations

import hashlib

import msgspec

from safezone.core.errors import NotAllowed
from safezone.core.geo import Point, cell_of, check_point
from safezone.core.i18n import Words, buddhist_year
from safezone.core.ids import new_id, tracking_code_of
from safezone.core.work import UnitOfWork
from safezone.events.incidents import IncidentOpened, PressesCounted, ReportReceived, TwinSuggested
from safezone.incidents import rules
from safezone.incidents.commands import CountPresses, ReportEmergency
from safezone.incidents.selection import find_report, find_same_point, list_near, next_number
from safezone.incidents.surroundings import Surroundings
from safezone.incidents.viewing import PlaceContent, encode_place
from safezone.incidents.views import Receipt


class Reporting:
    """Takes reports; what stands around the place helps, and is not waited for when it fails."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def report_emergency(self, cmd: ReportEmergency, uow: UnitOfWork) -> Receipt:
        """The report is stored, in a new incident or an open one; the same report again gets the first receipt."""
        _require_may_report(cmd, uow)
        dedupe = hashlib.sha256(cmd.dedupe_key.encode()).hexdigest()
        if seen := find_report(uow.conn, uow.station, dedupe):
            return Receipt(seen.id, seen.incident_id, seen.tracking_code, bool(seen.joined), repeated=True)
        point = self._point_of(cmd, uow)
        claimed = check_point(cmd.place) if cmd.place else None
        place = point or claimed
        limits = self._surroundings.limits(uow.conn, uow.station)
        twin_id = find_same_point(uow, cmd.sos_point, limits) if cmd.sos_point else None
        received = self._receive(cmd, uow, dedupe, point, place, twin_id)
        if twin_id is None:
            near = list_near(uow, place, limits) if place else []
            self._open(cmd, uow, received)
            for other in near:
                suggested = TwinSuggested(
                    incident_id=received.incident_id, other_id=other.incident_id, distance_m=other.distance_m
                )
                uow.record(suggested)
        code = tracking_code_of(received.report_id)
        return Receipt(received.report_id, received.incident_id, code, joined=twin_id is not None)

    def count_presses(self, cmd: CountPresses, uow: UnitOfWork) -> str:
        """They stand in the incident's story; returns its id."""
        _require_own_point(cmd.sos_point, uow)
        counted = PressesCounted(**msgspec.structs.asdict(cmd))
        uow.record(counted)
        return counted.incident_id

    def _point_of(self, cmd: ReportEmergency, uow: UnitOfWork) -> Point | None:
        """Where the SOS point stands; None for other channels and for a point that nobody knows."""
        if cmd.sos_point is None:
            return None
        known = self._surroundings.find_sos_point(uow.conn, uow.station, cmd.sos_point)
        return known.place if known else None

    def _receive(
        self,
        cmd: ReportEmergency,
        uow: UnitOfWork,
        dedupe: str,
        point: Point | None,
        place: Point | None,
        twin_id: str | None,
    ) -> ReportReceived:
        """What came in is recorded; a citizen's words, name and place only by reference."""
        said = PlaceContent(cmd.place, cmd.place_text or None)
        received = ReportReceived(
            report_id=new_id(),
            incident_id=twin_id or new_id(),
            channel=cmd.channel,
            about=cmd.about,
            dedupe_sha256=dedupe,
            sos_point=cmd.sos_point,
            point=point,
            cell=cell_of(place) if place else None,
            place=uow.seal(encode_place(said), "place") if said.point or said.text else None,
            text=uow.maybe_seal(cmd.text, "text"),
            reporter=uow.seal(msgspec.json.encode(cmd.reporter), "reporter") if cmd.reporter else None,
            claimed_at=cmd.claimed_at,
            claim_trusted=rules.claim_is_trusted(cmd.claimed_at, uow.at),
            joined=twin_id is not None,
        )
        uow.record(received)
        return received

    def _open(self, cmd: ReportEmergency, uow: UnitOfWork, received: ReportReceived) -> None:
        year = buddhist_year(uow.at)
        opened = IncidentOpened(
            incident_id=received.incident_id,
            report_id=received.report_id,
            year=year,
            number=next_number(uow, year),
            about=cmd.about,
            channel=cmd.channel,
            priority=rules.priority_of(cmd.about, self._surroundings.priorities(uow.conn, uow.station)),
            synthetic=self._surroundings.is_synthetic(uow.conn, uow.station),
            sos_point=received.sos_point,
            point=received.point,
            cell=received.cell,
            place=received.place,
            # A pole stands where it stands; an operator on the telephone has asked; anybody else only claims it.
            place_confirmed=(received.point is not None and cmd.channel in ("sos_point", "phone"))
            or (cmd.channel == "phone" and cmd.place is not None),
            summary=received.text,
        )
        uow.record(opened)


def _require_may_report(cmd: ReportEmergency, uow: UnitOfWork) -> None:
    """Anybody may report; a pole only for itself, and what came by telephone is written by the command centre."""
    who = uow.identity
    if who.role == "sos_point":
        _require_own_point(cmd.sos_point, uow)
    if cmd.channel == "phone":
        who.require("operator", "supervisor", "admin")
    if cmd.sos_point is not None and cmd.channel == "sos_point":
        who.require("sos_point", "system")


def _require_own_point(point: str | None, uow: UnitOfWork) -> None:
    uow.identity.require("sos_point", "system")
    if uow.identity.role == "sos_point" and point != uow.identity.point_id:
        raise NotAllowed(
            "not_your_point",
            Words(
                th=f"อุปกรณ์นี้แจ้งเหตุแทนเสา {point} ไม่ได้",
                en=f"This device may not report for SOS point {point}.",
            ),
        )
