"""The broker that comes with the program: what it is told, who may sign in, and what is said when it cannot start."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.errors import CannotStart, Invalid, Unavailable
from safezone.core.settings import Broker
from safezone.entrypoints import mqtt_wire as wire
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.broker.config import BrokerState, Device, Login, hash_password, render_config
from tests.support.places import eventually
from tests.support.poles import RealBroker, RealPole, device_of

HASH = "$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RealBroker]:
    real = RealBroker(tmp_path / 'เสา "SOS"' / "broker", ["sos-01", "sos-02"])
    real.start()
    yield real
    real.kill()


def state_with(*devices: Device, port: int = 1883) -> BrokerState:
    login = Login("door", "secret", HASH)
    return BrokerState(
        station="mdh", listen="127.0.0.1", port=port, node=login, probe=Login("probe", "secret", HASH),
        client_id="safezone-mdh-1", devices=devices,
    )  # fmt: skip


# ── what it is told ──


def test_a_pole_may_say_its_own_and_hear_its_receipts() -> None:
    text = render_config(state_with(Device("mdh.sos-03", HASH, "mdh", "sos-03")), "/data/broker")
    [line] = [each for each in text.splitlines() if "mdh.sos-03" in each]
    own = "safezone.mdh.sos.sos-03"
    assert f'publish: {{allow: ["{own}.press", "{own}.heartbeat"]}}' in line
    assert f'subscribe: {{allow: ["{own}.receipt", "$MQTT.sub.>"]}}' in line
    assert HASH in line


def test_the_configuration_holds_no_password() -> None:
    assert "secret" not in render_config(state_with(), "/data/broker")


def test_two_poles_with_one_name_are_a_fault_of_the_program() -> None:
    twice = Device("mdh.sos-03", HASH, "mdh", "sos-03")
    with pytest.raises(ValueError, match="two SOS points"):
        render_config(state_with(twice, twice), "/data/broker")


@given(username=st.text(), point=st.text(), station=st.text())
def test_a_name_that_could_mean_more_than_itself_is_refused(username: str, point: str, station: str) -> None:
    try:
        device = Device(username, HASH, station, point)
    except Invalid:
        return
    assert re.fullmatch(r"[A-Za-z0-9_-]+ [A-Za-z0-9_-]+", f"{device.station} {device.point}")


@pytest.mark.parametrize(
    "point", ["*", ">", "sos.03", "sos 03", 'x"]}}', "", "sos-03\n", "x" * 65, "เสา-03", "$MQTT", "a/b"]
)
def test_names_with_a_meaning_for_the_broker_are_refused(point: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Device("mdh.sos-03", HASH, "mdh", point)
    assert "A-Z" in refusal.value.words.th


def test_the_names_of_the_program_itself_are_not_for_poles(tmp_path: Path) -> None:
    state = broker.prepare(tmp_path / "broker", "mdh", port=0).state
    for taken in (state.node.username, state.probe.username):
        with pytest.raises(Invalid):
            Device(taken, HASH, "mdh", "sos-03")


def test_only_a_hash_is_kept() -> None:
    with pytest.raises(Invalid):
        Device("mdh.sos-03", "plain password", "mdh", "sos-03")
    assert re.fullmatch(r"\$2b\$04\$.{53}", hash_password("x" * 48))


# ── before it starts ──


def test_what_is_secret_is_for_this_user_alone(tmp_path: Path) -> None:
    prepared = broker.prepare(tmp_path / "broker", "mdh", port=0)
    modes = {each.name: oct(each.stat().st_mode & 0o777) for each in prepared.directory.iterdir()}
    assert modes == {"nats.conf": "0o600", "broker.json": "0o600"}
    assert prepared.directory.stat().st_mode & 0o777 == 0o700


def test_the_next_start_finds_names_poles_and_port_again(tmp_path: Path) -> None:
    first = broker.prepare(tmp_path / "broker", "mdh", port=0)
    poles = (device_of("sos-01", "a" * 48),)
    assert broker.set_devices(tmp_path / "broker", poles) is False, "nobody runs, so nobody has taken it"
    second = broker.prepare(tmp_path / "broker", "mdh", port=0)
    assert (second.port, second.state.client_id, second.state.node) == (
        first.port,
        first.state.client_id,
        first.state.node,
    )
    assert second.state.devices == poles
    assert broker.load(tmp_path / "broker") == second
    assert broker.prepare(tmp_path / "broker", "nkh", port=0).state.devices == (), "another station's poles"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} of 127.0.0.1 is taken") as stop:
            broker.prepare(tmp_path / "broker", "mdh", port=port)
        assert f"พอร์ต {port}" in stop.value.words.th
        another = broker.prepare(tmp_path / "broker", "mdh", port=port, free_port_if_taken=True)
        assert another.port not in {0, port}


def test_an_address_that_is_not_ours_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"Cannot listen on port 1883 of 192\.0\.2\.1"):
        broker.prepare(tmp_path / "broker", "mdh", listen="192.0.2.1")


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    with pytest.raises(CannotStart, match=r"Cannot write to .*a-file"):
        broker.prepare(tmp_path / "a-file" / "broker", "mdh", port=0)


def test_a_full_disk_is_called_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="The disk is full"), broker._disk_faults_told(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="nats-server-of-mine is not there"):
        broker.prepare(tmp_path / "broker", "mdh", port=0, binary="nats-server-of-mine")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    broker.prepare(tmp_path / "broker", "mdh", port=0)
    (tmp_path / "broker" / "broker.json").write_text("{")
    with pytest.raises(CannotStart, match=r"broker\.json .* is damaged"):
        broker.prepare(tmp_path / "broker", "mdh", port=0)


def test_a_broker_that_was_never_prepared_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="No broker has been prepared"):
        broker.load(tmp_path)


# ── while it runs ──


def test_another_start_leaves_a_running_broker_as_it_is(running: RealBroker) -> None:
    """The node prepares the broker whenever it starts; the broker may have been running all the time."""
    again = broker.prepare(running.directory, "mdh", port=running.prepared.port)
    assert again.port == running.prepared.port
    assert broker.answers(again)


def test_a_new_pole_can_sign_in_and_nobody_else_notices(running: RealBroker) -> None:
    old = RealPole(running, "sos-01")
    gone = RealPole(running, "sos-02")
    eventually(lambda: old.listening.is_set() and gone.listening.is_set())
    del running.tokens["sos-02"]
    running.tokens["sos-09"] = "n" * 48
    assert broker.set_devices(running.directory, running.devices()) is True
    new = RealPole(running, "sos-09")
    eventually(new.listening.is_set)
    eventually(lambda: gone.drops > 0)
    old.publish(old.topic("press"), b"{}")
    assert (old.drops, new.drops) == (0, 0)
    for each in (old, gone, new):
        each.leave()


def test_the_same_list_again_disturbs_nobody(running: RealBroker) -> None:
    devices = running.devices()
    assert broker.set_devices(running.directory, devices) is True
    before = (running.directory / "nats.conf").read_bytes()
    assert broker.set_devices(running.directory, devices) is True
    assert (running.directory / "nats.conf").read_bytes() == before


def test_a_broker_that_does_not_listen_is_told_on(running: RealBroker) -> None:
    assert running.process is not None
    os.kill(running.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            broker.set_devices(running.directory, (), deadline_s=0.3)
    finally:
        os.kill(running.process.pid, signal.SIGCONT)
    assert broker.set_devices(running.directory, ()) is True


def test_a_process_that_only_has_the_number_is_left_alone(running: RealBroker) -> None:
    """After kill -9 the number in nats.pid can belong to anybody; SIGHUP would end them."""
    running.kill()
    with subprocess.Popen(["sleep", "60"]) as somebody:
        (running.directory / "nats.pid").write_text(str(somebody.pid))
        assert broker.find_pid(running.directory) is None
        assert broker.set_devices(running.directory, ()) is False
        assert somebody.poll() is None
        somebody.kill()


def test_a_pole_cannot_listen_to_anybody_else(running: RealBroker) -> None:
    login = wire.connect("pole-x", "mdh.sos-01", running.tokens["sos-01"], clean=True, keepalive_s=10)
    foreign = [
        "safezone/mdh/sos/sos-02/receipt",
        "safezone/mdh/sos/+/press",
        "safezone/#",
        "#",
        "$MQTT/sub/#",
        "$SYS/#",
    ]
    with socket.create_connection((running.prepared.host, running.prepared.port), timeout=60) as line:
        line.sendall(login)
        assert line.recv(4) == b"\x20\x02\x00\x00"
        line.sendall(wire.subscribe(1, dict.fromkeys(["safezone/mdh/sos/sos-01/receipt", *foreign], 1)))
        assert line.recv(64)[4:] == b"\x01" + b"\x80" * len(foreign)


def test_the_port_for_nats_clients_lets_nobody_in(running: RealBroker) -> None:
    assert running.process is not None
    listening = [
        each.laddr
        for each in psutil.Process(running.process.pid).net_connections()
        if each.status == "LISTEN"
    ]
    assert {each.ip for each in listening} == {"127.0.0.1"}
    [nats] = [each.port for each in listening if each.port != running.prepared.port]
    node = running.prepared.state.node
    with socket.create_connection(("127.0.0.1", nats), timeout=60) as line, line.makefile("rb") as answers:
        assert answers.readline().startswith(b"INFO ")
        line.sendall(f'CONNECT {{"user": "{node.username}", "pass": "{node.password}"}}\r\nPING\r\n'.encode())
        assert b"Authorization Violation" in answers.readline()


# ── a broker of the station's own ──


def test_a_station_s_own_broker_is_used_as_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    wanted = Broker(
        host="broker.example", port=8883, username="safezone", password_file=str(tmp_path / "password"),
        tls_ca_file="ca.pem",
    )  # fmt: skip
    first = broker.door_settings(wanted, tmp_path / "broker", "mdh")
    assert (first.host, first.port, first.username, first.password) == (
        "broker.example",
        8883,
        "safezone",
        "secret",
    )
    assert first.tls_ca_file == "ca.pem"
    assert broker.door_settings(wanted, tmp_path / "broker", "mdh") == first, (
        "the same session after a restart"
    )


def test_a_password_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    wanted = Broker(host="broker.example", password_file=str(tmp_path / "nothing"))
    with pytest.raises(CannotStart, match=r"Cannot read the broker's password file .*nothing"):
        broker.door_settings(wanted, tmp_path, "mdh")
