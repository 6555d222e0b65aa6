"""The process `safezone node`: makes or opens the station of a folder and serves it until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from safezone.assets.station_set import StationSet, read_station_set
from safezone.core.certificate_settings import Contradiction
from safezone.core.db import Database
from safezone.core.errors import CannotStart, Invalid, Unavailable
from safezone.core.i18n import Words
from safezone.core.identity import Role
from safezone.core.settings import Settings, load_settings
from safezone.entrypoints import logs
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.broker.leftovers import Leftovers
from safezone.entrypoints.broker.users import BrokerUsers
from safezone.entrypoints.broker.watch import BrokerWatch, renewal_of
from safezone.entrypoints.house import DataFolder, Engine, House, served_of
from safezone.entrypoints.http import WEB_DIST
from safezone.entrypoints.lifeline import tell_ready
from safezone.entrypoints.listening import listen
from safezone.entrypoints.mqtt import MqttDoor, MqttSettings, OnMessage
from safezone.entrypoints.node import DOORS, EVERYTHING, Node, Work, ready_of, write_ready
from safezone.entrypoints.node_checks import check_mqtt_door, check_said
from safezone.entrypoints.poles import Poles
from safezone.entrypoints.probe import device_of, probe_login
from safezone.entrypoints.setting_up import NewStation, create_station, write_device_secrets
from safezone.entrypoints.tls import certificate_files, certificate_of
from safezone.entrypoints.traced_doors import traced_messages
from safezone.entrypoints.voice import say
from safezone.zone.findings import StationSetRefused
from safezone.zone.queries import list_stations

Wire = Callable[[Settings], House]

DEMO_SET: Final = Path(__file__).parent / "demo" / "mukdahan"
DEMO_TOKENS: Final[dict[str, Role]] = {
    "operator": "operator",
    "operator-2": "operator",
    "supervisor": "supervisor",
    "admin": "admin",
    "auditor": "auditor",
    "chief": "chief",
    "commander": "commander",
    "cctv-owner": "cctv_owner",
    "partner": "partner",
    "technician": "technician",
}


class NodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How `safezone node` was called."""

    data: Path
    station_set: Path | None = None
    demo: bool = False
    port: int | None = None
    mqtt_port: int | None = None
    part: str = ""
    """The name of this process where it is one of several (`doors`, `jobs`, `web-1`); empty: it is the only one."""
    beside: tuple[str, ...] = ()
    """The names of the others."""
    web_fd: int | None = None
    """A listening socket that was opened for this process."""

    @property
    def does(self) -> frozenset[Work]:
        """What this process is for."""
        if not self.part:
            return EVERYTHING
        return frozenset(("web",) if self.part.startswith("web") else (cast("Work", self.part),))


class BrokerCall(msgspec.Struct, frozen=True):
    """What the supervisor must start beside the node; no `argv` where the station has a broker of its own."""

    argv: list[str]
    env: dict[str, str]
    directory: str = ""
    """Where its files are."""


class _BrokerDoor:
    """The MQTT door, as the node sees its doors."""

    def __init__(self, door: MqttDoor) -> None:
        self._door = door

    def start(self) -> None:
        self._door.start()

    async def stop(self) -> None:
        await self._door.stop()

    def state(self) -> str:
        status = self._door.status()
        if status.connected:
            return "ok"
        return status.last_error.en if status.last_error else "connecting"


def run_node(options: NodeOptions, wire: Wire) -> int:
    """Serve until SIGTERM; the exit status is 0, or 78 (configuration) with one line that says what is wrong."""
    folder = DataFolder(options.data)
    logs.set_up(folder.settings_file)
    try:
        folder.make()
        folder.lock(options.part)
        settings = _settings(options, folder)
        if options.part in ("", DOORS):
            _run_first(options, folder, settings, wire)
        else:
            _run_beside(options, folder, settings, wire)
    except CannotStart as problem:
        _say(problem.words)
        return 78
    except OSError as problem:
        # A disk that is full by now, a folder that has gone: said in one line, wherever it was noticed.
        words = Words(th=f"อ่านหรือเขียนไม่ได้: {problem}", en=f"Cannot read or write: {problem}")
        _say(words)
        return 78
    except Unavailable as problem:
        _say(problem)
        return 1
    finally:
        folder.unlock()
    return 0


def _say(why: object) -> None:
    say(f"safezone: {why}", "safezone.node", "ERROR")


def _run_first(options: NodeOptions, folder: DataFolder, settings: Settings, wire: Wire) -> None:
    """The only process, or the one of several that makes the station, prepares the broker and lets the presses in."""
    web = None if options.part else listen(settings.web.host, settings.web.port)
    engine = _open(options, folder, wire(settings), web)
    if engine is None:
        return
    try:
        mqtt = _prepare_broker(options, folder, engine, settings)
        node = Node(engine, folder, options.does, options.part)
        _add_doors(node, mqtt, settings)
        if options.part:
            from safezone.entrypoints import one_of_several  # noqa: PLC0415 - loading NATS takes 65 ms

            fanout = one_of_several.fanout_settings(settings.broker, folder.broker)
            beginning = one_of_several.Beginning(
                station=node.desk.station, mqtt_host=mqtt.host, mqtt_port=mqtt.port, fanout=fanout
            )
            write_ready(folder.run / f"{DOORS}.json", beginning, secret=True)
            one_of_several.join(node, fanout, options.part, list(options.beside))

        def on_ready() -> None:
            if web is not None:
                write_ready(folder.run / "node.json", ready_of(node, web, mqtt.host, mqtt.port))
            node.beat(tell_ready())

        uvloop.run(node.run(web, on_ready))
    finally:
        engine.stop()


def _run_beside(options: NodeOptions, folder: DataFolder, settings: Settings, wire: Wire) -> None:
    """One of several: it begins when the first has made the station, and goes on while that one is away."""
    from safezone.entrypoints import one_of_several  # noqa: PLC0415 - loading NATS takes 65 ms

    beginning = one_of_several.wait_for_beginning(folder.run / f"{DOORS}.json")
    web = None if options.web_fd is None else socket.socket(fileno=options.web_fd)
    engine = Engine(wire(settings), folder.open_database(settings), beginning.station)
    engine.start()
    try:
        node = Node(engine, folder, options.does, options.part)
        one_of_several.join(node, beginning.fanout, options.part, list(options.beside))

        def on_ready() -> None:
            if web is not None:
                ready = ready_of(node, web, beginning.mqtt_host, beginning.mqtt_port)
                write_ready(folder.run / "node.json", ready)
            node.beat(tell_ready())

        uvloop.run(node.run(web, on_ready))
    finally:
        engine.stop()


def _add_doors(node: Node, mqtt: MqttSettings, settings: Settings) -> None:
    """The doors besides HTTP, and the looks at them."""
    desk, folder = node.desk, node.folder
    on_message: OnMessage = Poles(desk).on_message
    if node.traces is not None:
        on_message = traced_messages(on_message, node.traces)
    door = MqttDoor(mqtt, desk.station, on_message)
    node.doors.append(_BrokerDoor(door))
    node.health.add("mqtt_door", lambda: check_mqtt_door(door.status()))
    login = probe_login(settings, desk.station, mqtt)
    if not settings.broker.host:
        renew = renewal_of(folder.broker)
        watch = BrokerWatch(mqtt, desk.station, lambda: door.status().answered, renew)
        more = (device_of(desk.station, login),) if settings.probe.every_s else ()
        users = BrokerUsers(desk, folder.broker, lambda: door.status().connected, more)
        leftovers = Leftovers(folder.broker, desk.station, on_message)
        node.doors += [watch, users, leftovers]
        if node.certificate is not None and settings.broker.tls:
            node.certificate.on_change(lambda: broker.take_new_certificate(folder.broker))
        node.health.add("broker", lambda: check_said(watch.trouble))
        node.health.add("broker_files", leftovers.look)
        node.health.add("broker_users", lambda: check_said(users.trouble, "degraded"))
    if settings.probe.every_s:
        node.probe_with(mqtt, login)


def _settings(options: NodeOptions, folder: DataFolder) -> Settings:
    settings = load_settings(folder.settings_file)
    if options.port is not None:
        web = msgspec.structs.replace(settings.web, port=options.port)
        try:
            settings = msgspec.structs.replace(settings, web=web)
        except Contradiction as problem:
            raise CannotStart(problem.words) from problem
    if options.mqtt_port is not None:
        changed = msgspec.structs.replace(settings.broker, port=options.mqtt_port)
        settings = msgspec.structs.replace(settings, broker=changed)
    return settings


def _open(options: NodeOptions, folder: DataFolder, house: House, web: socket.socket | None) -> Engine | None:
    """The engine of the folder's station, which is created first where there is none: from a set, or in the browser.

    None when the program was told to stop before anybody founded one.
    """
    database = folder.open_database(house.settings)
    with database.read() as conn:
        stations = list_stations(conn)
    station = served_of(stations, house.settings)
    if station is not None:
        engine = Engine(house, database, station)
        engine.start()
        return engine
    wanted = DEMO_SET if options.demo else options.station_set
    if wanted is None:
        return _found(folder, house, database, web)
    try:
        read = read_station_set(wanted)
    except StationSetRefused as problem:
        raise CannotStart(problem.words) from problem
    if house.settings.station not in ("", read.zone.station_id):
        raise CannotStart(_other_station(read, house.settings))
    engine = Engine(house, database, read.zone.station_id)
    engine.start()
    try:
        _tell(create_station(engine, read, tokens=DEMO_TOKENS if options.demo else None), options, folder)
    except (Unavailable, OSError) as problem:
        engine.stop()
        raise CannotStart(
            Words(
                th=f"สร้างสถานีใน {folder.path} ไม่สำเร็จ ({problem}): ตรวจพื้นที่ดิสก์ ลบโฟลเดอร์นี้ แล้วเริ่มใหม่",
                en=f"The station could not be made in {folder.path} ({problem}): "
                "check the disk's space, delete this folder and start again.",
            )
        ) from problem
    return engine


def _found(folder: DataFolder, house: House, database: Database, web: socket.socket | None) -> Engine | None:
    """The engine of the station that somebody has founded in the browser; None when they were not waited for."""
    if web is None or not (WEB_DIST / "index.html").exists():
        raise CannotStart(
            Words(
                th=f"ยังไม่มีสถานีใน {folder.path}: เตรียมชุดข้อมูลสถานี แล้วใช้ safezone up --set <โฟลเดอร์>",
                en=f"There is no station in {folder.path} yet: prepare a station set and run "
                "safezone up --set <folder> (safezone station example <folder> writes one to start from).",
            )
        )
    from safezone.entrypoints.founding import Founding  # noqa: PLC0415 - once in the life of a station

    made: list[Engine] = []

    def make(read: StationSet) -> NewStation:
        if house.settings.station not in ("", read.zone.station_id):
            raise Invalid("other_station", _other_station(read, house.settings), field="station_id")
        engine = Engine(house, database, read.zone.station_id)
        engine.start()
        try:
            new = create_station(engine, read)
        except BaseException:
            engine.lane.stop()
            raise
        made.append(engine)
        return new

    uvloop.run(Founding(house.settings, make, certificate_of(house.settings, folder.acme)).run(web))
    return made[0] if made else None


def _other_station(read: StationSet, settings: Settings) -> Words:
    id_, named = read.zone.station_id, settings.station
    return Words(
        th=f'รหัสสถานี “{id_}” ไม่ตรงกับ station = "{named}" ใน safezone.toml: แก้ให้ตรงกัน',
        en=f'The station\'s id “{id_}” is not the one in safezone.toml (station = "{named}"): make them the same.',
    )


def _tell(new: NewStation, options: NodeOptions, folder: DataFolder) -> None:
    """The secrets of a new station are written down, this once, for this user only."""
    if options.demo:
        write_ready(folder.run / "demo-secrets.json", new, secret=True)
        return
    write_ready(
        folder.run / "first-link.json", {"station": new.station, "token": new.admin_token}, secret=True
    )
    write_device_secrets(new.devices, folder.path / "sos-point-secrets.csv")


def _tls_of(settings: Settings, folder: DataFolder) -> dict[str, str]:
    """The certificate that the embedded broker shows to the poles."""
    if not settings.broker.tls:
        return {}
    files = certificate_files(settings, folder.acme)
    return dict(
        zip(("tls_certificate", "tls_key"), (str(Path(each).absolute()) for each in files), strict=True)
    )


def _prepare_broker(
    options: NodeOptions, folder: DataFolder, engine: Engine, settings: Settings
) -> MqttSettings:
    """How to reach the broker; the embedded one is made ready and handed to the supervisor."""
    station = engine.desk.station
    call = BrokerCall([], {})
    if not settings.broker.host:
        if broker.find_pid(folder.broker) is None:
            broker.prepare(
                folder.broker,
                station,
                listen=settings.broker.listen,
                port=settings.broker.port,
                free_port_if_taken=options.demo,
                **_tls_of(settings, folder),
                several_processes=bool(options.part),
            )
        prepared = broker.load(folder.broker)
        call = BrokerCall(list(prepared.argv), dict(prepared.env), str(prepared.directory))
    write_ready(folder.run / "broker-call.json", call)
    return broker.door_settings(settings.broker, folder.broker, station)
