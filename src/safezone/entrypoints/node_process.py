"""The process `safezone node`: makes or opens the station of a folder and serves it until it is told to stop."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from safezone.assets.station_set import read_station_set
from safezone.core.errors import CannotStart, Unavailable
from safezone.core.i18n import Words
from safezone.core.identity import Role
from safezone.core.settings import Settings, load_settings
from safezone.entrypoints import broker
from safezone.entrypoints.broker_users import BrokerUsers
from safezone.entrypoints.broker_watch import BrokerWatch, renewal_of
from safezone.entrypoints.house import DataFolder, Engine, House
from safezone.entrypoints.lifeline import tell_ready
from safezone.entrypoints.mqtt import MqttDoor, MqttSettings
from safezone.entrypoints.node import Node, listen, ready_of, write_ready
from safezone.entrypoints.node_checks import check_mqtt_door, check_said
from safezone.entrypoints.poles import Poles
from safezone.entrypoints.probe import device_of, probe_login
from safezone.entrypoints.setting_up import NewStation, create_station, write_device_secrets
from safezone.zone.findings import StationSetRefused
from safezone.zone.queries import list_stations

logger = logging.getLogger("safezone.node")

DEMO_SET: Final = Path(__file__).parent / "demo" / "mukdahan"
DEMO_TOKENS: Final[dict[str, Role]] = {
    "operator": "operator",
    "operator-2": "operator",
    "supervisor": "supervisor",
    "admin": "admin",
    "auditor": "auditor",
}


class NodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How `safezone node` was called."""

    data: Path
    station_set: Path | None = None
    demo: bool = False
    port: int | None = None
    mqtt_port: int | None = None


class BrokerCall(msgspec.Struct, frozen=True):
    """What the supervisor must start beside the node; no `argv` where the station has a broker of its own."""

    argv: list[str]
    env: dict[str, str]


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


def run_node(options: NodeOptions, wire: Callable[[Settings], House]) -> int:
    """Serve until SIGTERM; the exit status is 0, or 78 (configuration) with one line that says what is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        folder = DataFolder(options.data)
        folder.make()
        folder.lock()
        settings = _settings(options, folder)
        web = listen(settings.web.host, settings.web.port)
        engine = _open(options, folder, wire(settings))
        try:
            mqtt = _prepare_broker(options, folder, engine, settings)
            node = Node(engine, folder)
            door = MqttDoor(mqtt, engine.desk.station, Poles(engine.desk).on_message)
            node.doors.append(_BrokerDoor(door))
            node.health.add("mqtt_door", lambda: check_mqtt_door(door.status()))
            login = probe_login(settings, engine.desk.station, mqtt)
            if not settings.broker.host:
                renew = renewal_of(folder.broker)
                watch = BrokerWatch(mqtt, engine.desk.station, lambda: door.status().answered, renew)
                more = (device_of(engine.desk.station, login),) if settings.probe.every_s else ()
                users = BrokerUsers(engine.desk, folder.broker, lambda: door.status().connected, more)
                node.doors += [watch, users]
                if node.certificate is not None and settings.broker.tls:
                    node.certificate.on_change(lambda: broker.take_new_certificate(folder.broker))
                node.health.add("broker", lambda: check_said(watch.trouble))
                node.health.add("broker_users", lambda: check_said(users.trouble, "degraded"))
            if settings.probe.every_s:
                node.probe_with(mqtt, login)
            ready = ready_of(node, web, mqtt.host, mqtt.port)

            def on_ready() -> None:
                write_ready(folder.run / "node.json", ready)
                node.beat(tell_ready())

            uvloop.run(node.run(web, on_ready))
        finally:
            engine.stop()
            folder.unlock()
    except CannotStart as problem:
        print(f"safezone: {problem.words}", file=sys.stderr)
        return 78
    except OSError as problem:
        # A disk that is full by now, a folder that has gone: said in one line, wherever it was noticed.
        words = Words(th=f"อ่านหรือเขียนไม่ได้: {problem}", en=f"Cannot read or write: {problem}")
        print(f"safezone: {words}", file=sys.stderr)
        return 78
    return 0


def _settings(options: NodeOptions, folder: DataFolder) -> Settings:
    settings = load_settings(folder.settings_file)
    if options.port is not None:
        settings = msgspec.structs.replace(
            settings, web=msgspec.structs.replace(settings.web, port=options.port)
        )
    if options.mqtt_port is not None:
        changed = msgspec.structs.replace(settings.broker, port=options.mqtt_port)
        settings = msgspec.structs.replace(settings, broker=changed)
    return settings


def _open(options: NodeOptions, folder: DataFolder, house: House) -> Engine:
    """The engine of the folder's station, which is created first where there is none."""
    database = folder.open_database(house.settings)
    with database.read() as conn:
        stations = list_stations(conn)
    if stations:
        engine = Engine(house, database, stations[0])
        engine.start()
        return engine
    wanted = DEMO_SET if options.demo else options.station_set
    if wanted is None:
        raise CannotStart(
            Words(
                th=f"ยังไม่มีสถานีใน {folder.path}: เตรียมชุดข้อมูลสถานี แล้วใช้ safezone up --set <โฟลเดอร์>",
                en=f"There is no station in {folder.path} yet: prepare a station set and run "
                "safezone up --set <folder> (safezone station example <folder> writes one to start from).",
            )
        )
    try:
        read = read_station_set(wanted)
    except StationSetRefused as problem:
        raise CannotStart(problem.words) from problem
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


def _tell(new: NewStation, options: NodeOptions, folder: DataFolder) -> None:
    """The secrets of a new station are written down, this once, for this user only."""
    if options.demo:
        write_ready(folder.run / "demo-secrets.json", new, secret=True)
        return
    write_ready(
        folder.run / "first-link.json", {"station": new.station, "token": new.admin_token}, secret=True
    )
    write_device_secrets(new.devices, folder.path / "sos-point-secrets.csv")


def _tls_of(settings: Settings) -> dict[str, str]:
    """The certificate that the embedded broker shows to the poles."""
    if not settings.broker.tls:
        return {}
    files = settings.web.tls_certificate_file, settings.web.tls_key_file
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
                **_tls_of(settings),
            )
        prepared = broker.load(folder.broker)
        call = BrokerCall(list(prepared.argv), dict(prepared.env))
    write_ready(folder.run / "broker-call.json", call)
    return broker.door_settings(settings.broker, folder.broker, station)
