"""Prometheus metrics: worked out when somebody asks, from numbers that were counted anyway.

The hot path only adds to plain numbers (`figures.py`). No label holds a person, an incident or an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from sqlalchemy import Connection

from safezone import __version__
from safezone.assets.queries import count_by_readiness
from safezone.core.listeners import ListenerView, list_listeners
from safezone.entrypoints.figures import Spread
from safezone.incidents.queries import count_by_state

if TYPE_CHECKING:
    from safezone.core.desk import Desk
    from safezone.entrypoints.health import Report
    from safezone.entrypoints.node import Node

_STATES: Final = {"ok": 0.0, "degraded": 1.0, "down": 2.0}
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class Counted:
    """What was read from the record for one answer."""

    def __init__(self, conn: Connection, desk: Desk) -> None:
        self.listeners: list[ListenerView] = list_listeners(conn, desk.bus, desk.station)
        self.incidents, self.overdue = count_by_state(conn, desk.station)
        self.equipment = count_by_readiness(conn, desk.station)


class Exposition:
    """Everything about one program, in the text format of Prometheus."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._now: tuple[Report, Counted] | None = None
        self._registry.register(self)

    async def text(self) -> bytes:
        """The metrics as they are now; the record is read on another thread."""
        report = await self._node.health.look()
        counted = await self._node.desk.ask(Counted, self._node.desk)
        return await self._node.desk.think(self._render, report, counted)

    def _render(self, report: Report, counted: Counted) -> bytes:
        self._now = report, counted
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Family]:
        """Nothing beforehand: prometheus_client must not collect when this is registered."""
        return ()

    def collect(self) -> Iterator[Family]:
        """Called by prometheus_client."""
        if self._now is None:
            return
        report, counted = self._now
        yield _gauge("info", "The running version.", ["version"], [((__version__,), 1.0)])
        yield from _lane(self._node)
        yield from _doors(report)
        yield from _feed(self._node)
        yield from _web(self._node)
        yield from _record(report, counted)
        yield from _probe(self._node)
        yield from _certificate(report)


def _lane(node: Node) -> Iterator[Family]:
    figures, state = node.figures.lane, node.desk.lane.state()
    yield _counter(
        "commands", "Commands by what became of them.", ["command", "outcome"], _items(figures.commands)
    )
    yield _counter(
        "reports",
        "Reports of emergencies by what became of them.",
        ["channel", "outcome"],
        _items(figures.reports),
    )
    yield _spread("command_seconds", "From a command being handed in to its commit.", figures.waited)
    yield _spread("batch_commands", "Commands that shared one transaction.", figures.batch)
    yield _spread("commit_seconds", "The commit alone.", figures.commit)
    yield _one("lane_waiting", "Commands that wait for their commit.", state.waiting)
    yield _one("lane_oldest_seconds", "How long the oldest of them has waited.", state.oldest_s)
    committed_s = state.committed_at.timestamp() if state.committed_at else 0.0
    yield _one(
        "last_commit_timestamp_seconds",
        "When something was last stored; 0 before the first time.",
        committed_s,
    )


def _doors(report: Report) -> Iterator[Family]:
    """The door of the SOS points as its check found it; nothing where there is no such door."""
    door = report.parts.get("mqtt_door")
    if door is None:
        return
    said: dict[str, Any] = dict(door.figures)
    yield _one(
        "mqtt_connected", "Whether the door of the SOS points is connected to the broker.", said["connected"]
    )
    yield _one("mqtt_in_flight", "Messages of SOS points that are not on disk yet.", said["in_flight"])
    yield _one(
        "mqtt_failing", "Those among them that could not be stored and are tried again.", said["failing"]
    )
    yield _count("mqtt_received", "Messages of SOS points.", said["received"])
    yield _count("mqtt_answered", "Messages of SOS points that were dealt with.", said["answered"])
    yield _count("mqtt_receipts", "Receipts that were sent to SOS points.", said["receipts"])
    yield _count("mqtt_connects", "Connections to the broker since the program started.", said["connects"])


def _feed(node: Node) -> Iterator[Family]:
    yield _one("feed_screens", "Screens that are connected and up to date.", node.hub.screen_count)
    yield _one("feed_waiting", "Events on disk that no screen was told yet.", node.hub.waiting)
    yield _spread("feed_delay_seconds", "From the commit to the screens.", node.hub.delay)


def _web(node: Node) -> Iterator[Family]:
    web = node.figures.web
    requests = [
        ((method, route, str(status)), float(n)) for (method, route, status), n in list(web.requests.items())
    ]
    yield _counter("http_requests", "Answers over HTTP.", ["method", "route", "status"], requests)
    yield _spread(
        "http_seconds", "From a request to the end of its answer, the live feed left out.", web.took
    )


def _record(report: Report, counted: Counted) -> Iterator[Family]:
    states = [((name,), _STATES[part.state]) for name, part in report.parts.items()]
    yield _gauge("part_state", "Each part: 0 ok, 1 degraded, 2 down.", ["part"], states)
    lags = [((one.name,), float(one.lag)) for one in counted.listeners]
    yield _gauge("listener_lag", "Events that a listener has not acted on yet.", ["listener"], lags)
    parked = [((one.name,), float(one.state == "parked")) for one in counted.listeners]
    yield _gauge("listener_parked", "Whether a listener waits for a technician.", ["listener"], parked)
    yield _gauge("incidents", "Incidents that are open, by state.", ["state"], _items(counted.incidents))
    yield _one(
        "incidents_overdue", "Incidents that nobody took in time and nobody has taken yet.", counted.overdue
    )
    yield _gauge(
        "equipment", "Equipment by kind and readiness.", ["kind", "readiness"], _items(counted.equipment)
    )
    free = report.parts["record"].figures.get("disk_free_bytes")
    if isinstance(free, int):
        yield _one("disk_free_bytes", "Room on the disk of the data folder.", free)
    backup = report.parts.get("backup")
    age = backup.figures.get("age_s") if backup else None
    if isinstance(age, int | float):
        yield _one("backup_age_seconds", "How old the newest backup is.", age)


def _probe(node: Node) -> Iterator[Family]:
    probe = node.figures.probe
    yield _count("probe_sent", "Synthetic presses that were sent.", probe.sent)
    yield _count("probe_missed", "Synthetic presses whose receipt did not come in time.", probe.missed)
    yield _spread("probe_seconds", "From a synthetic press to its receipt.", probe.took)


def _certificate(report: Report) -> Iterator[Family]:
    part = report.parts.get("certificate")
    days = part.figures.get("days_left") if part else None
    if isinstance(days, int | float):
        yield _one("certificate_days_left", "Days until the certificate ends; less than 0 when it has.", days)


def _items(counts: Any) -> list[tuple[tuple[str, ...], float]]:
    # Copied in one step: another thread goes on counting.
    return [(key if isinstance(key, tuple) else (key,), float(n)) for key, n in list(counts.items())]


def _gauge(
    name: str, what: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> Family:
    family = GaugeMetricFamily(f"safezone_{name}", what, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _counter(
    name: str, what: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> Family:
    family = CounterMetricFamily(f"safezone_{name}", what, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _one(name: str, what: str, value: float) -> Family:
    return GaugeMetricFamily(f"safezone_{name}", what, value=float(value))


def _count(name: str, what: str, value: float) -> Family:
    return CounterMetricFamily(f"safezone_{name}", what, value=float(value))


def _spread(name: str, what: str, spread: Spread) -> Family:
    return HistogramMetricFamily(f"safezone_{name}", what, buckets=spread.cumulated(), sum_value=spread.total)
