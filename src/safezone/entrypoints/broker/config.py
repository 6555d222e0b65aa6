"""What the broker is told about the station and its poles: who may sign in, what each may say and hear."""

from __future__ import annotations

import re
from typing import Final

import bcrypt
import msgspec

from safezone.core.errors import Invalid
from safezone.core.i18n import Words

ACK_WAIT_S: Final = 3
"""After a restart of the broker nothing but this wait brings an unacknowledged press again (nats-server 2.15)."""
MAX_ACK_PENDING: Final = 1024
"""Presses on their way to disk at once; the broker holds the following ones back. It must be less than is stored within
ACK_WAIT_S, or they come a second time just when there is most to do."""
MAX_PAYLOAD_BYTES: Final = 65_536
MAX_CONNECTIONS: Final = 8192
"""Four times the poles of the largest zone; a connection that does not sign in within two seconds is closed."""

WHO_IS_CONNECTED: Final = "$SYS.REQ.SERVER.PING.CONNZ"
LOOKER_INBOX: Final = "_INBOX.looker"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USERNAME = re.compile(r"[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9._-]{1,64}")
"""`<station>.<point>`; the dot keeps it apart from the program's own two users."""
_BCRYPT = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")


class Device(msgspec.Struct, frozen=True):
    """A pole that may sign in. Invalid if a name could mean more than itself in a topic or a file."""

    username: str
    password_hash: str
    """bcrypt, see `hash_password`."""
    station: str
    point: str

    def __post_init__(self) -> None:
        if not (
            _USERNAME.fullmatch(self.username)
            and _BCRYPT.fullmatch(self.password_hash)
            and _ID.fullmatch(self.station)
            and _ID.fullmatch(self.point)
        ):
            raise Invalid(
                "bad_device",
                Words(
                    th=f"ใช้ชื่อเสา {self.point!r} ไม่ได้: ใช้ได้เฉพาะ A-Z a-z 0-9 _ - ยาวไม่เกิน 64 ตัว",
                    en=f"The SOS point cannot be called {self.point!r}: A-Z a-z 0-9 _ - only, at most 64 of them.",
                ),
                point=self.point,
            )


class Login(msgspec.Struct, frozen=True):
    """A user of the broker: the door or the probe."""

    username: str
    password: str
    password_hash: str


class BrokerState(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker in a directory is set up as; kept in `broker.json` beside it."""

    station: str
    listen: str
    port: int
    node: Login
    """May use everything below the station; the door signs in with it."""
    probe: Login
    """May do nothing. Its password changes with the list of poles: where it is accepted, the list is in force."""
    client_id: str
    """Of the door's session. Random, because whoever signs in under it throws the door out."""
    devices: tuple[Device, ...] = ()
    tls_certificate: str = ""
    """File with the certificate that poles are shown; empty means no TLS."""
    tls_key: str = ""
    fanout: Login | None = None
    """With which the processes of one station tell each other of news; None where there is only one process."""
    nats_port: int = 0
    """Where they reach it, on this machine only."""
    looker: Login | None = None
    """May ask the broker who is connected, and nothing else; None in what an older version has prepared."""


def hash_password(token: str) -> str:
    """The bcrypt hash that the broker keeps of a device's password, which must be a random token of at least 128 bits.

    The cost is the lowest: such a token cannot be guessed however cheap a guess is, and after a power cut every pole of
    the zone signs in at the same moment.
    """
    return bcrypt.hashpw(token.encode(), bcrypt.gensalt(4)).decode()


def render_config(state: BrokerState, directory: str) -> str:
    """The configuration of nats-server for this state, with its files in `directory`. Pure."""
    if not _ID.fullmatch(state.station):
        raise ValueError(f"not a station id: {state.station!r}")
    if len({each.username for each in state.devices}) < len(state.devices):
        raise ValueError("two SOS points with one user name")
    everything = f"safezone.{state.station}.>"
    inside = [] if state.fanout is None else [_inside(state.fanout, f"safezone.{state.station}.fanout")]
    users = [
        *inside,
        _user(state.node, publish=[everything], subscribe=[everything]),
        _user(state.probe, publish=[], subscribe=[]),
        *map(_device, state.devices),
    ]
    return f"""\
# Written by Safe Zone; changes are lost. เขียนโดยโปรแกรม Safe Zone ห้ามแก้ไขด้วยมือ
server_name: {_quoted("safezone-" + state.station)}
listen: "127.0.0.1:{state.nats_port or -1}"  # for the program's own processes; nats-server insists on a port
pid_file: {_quoted(directory + "/nats.pid")}
log_file: {_quoted(directory + "/broker.log")}
logfile_size_limit: 4MB
logfile_max_num: 5
max_payload: {MAX_PAYLOAD_BYTES}
max_connections: {MAX_CONNECTIONS}
jetstream {{
  store_dir: {_quoted(directory + "/store")}
  max_mem: 16MB
  max_file: 1GB
  sync_interval: "1s"
}}
mqtt {{
  host: {_quoted(state.listen)}
  port: {state.port}
  ack_wait: "{ACK_WAIT_S}s"
  max_ack_pending: {MAX_ACK_PENDING}
{_tls(state)}}}
authorization {{
  users: [
{chr(10).join(users)}
  ]
}}
{_looker(state.looker)}"""


def _tls(state: BrokerState) -> str:
    if not state.tls_certificate:
        return ""
    files = f"cert_file: {_quoted(state.tls_certificate)}, key_file: {_quoted(state.tls_key)}"
    return f'  tls {{{files}, min_version: "1.2", timeout: 5}}\n'


def _user(login: Login, *, publish: list[str], subscribe: list[str]) -> str:
    """One user. An empty list allows nothing; `$MQTT.sub.>` is where nats-server delivers QoS 1."""
    return (
        f"    {{user: {_quoted(login.username)}, password: {_quoted(login.password_hash)}, "
        f'allowed_connection_types: ["MQTT"], permissions: {{'
        f"publish: {_rule(publish)}, subscribe: {_rule([*subscribe, '$MQTT.sub.>'] if subscribe else [])}}}}}"
    )


def _inside(login: Login, subject: str) -> str:
    """One of the program's own processes, which speaks NATS and not MQTT."""
    return (
        f"    {{user: {_quoted(login.username)}, password: {_quoted(login.password_hash)}, "
        f'allowed_connection_types: ["STANDARD"], permissions: {{publish: {_rule([subject])}, '
        f"subscribe: {_rule([subject])}}}}}"
    )


def _looker(login: Login | None) -> str:
    """The one user of the server's own account, who hears nothing but the answers to one question."""
    if login is None:
        return ""
    return (
        f"accounts {{ $SYS {{ users: [\n"
        f"    {{user: {_quoted(login.username)}, password: {_quoted(login.password_hash)}, "
        f'allowed_connection_types: ["STANDARD"], permissions: {{publish: {_rule([WHO_IS_CONNECTED])}, '
        f"subscribe: {_rule([LOOKER_INBOX])}}}}}\n] }} }}\n"
    )


def _rule(subjects: list[str]) -> str:
    return "{allow: [" + ", ".join(map(_quoted, subjects)) + "]}" if subjects else '{deny: [">"]}'


def _device(device: Device) -> str:
    """A pole says what happens at itself and hears its own receipts."""
    own = f"safezone.{device.station}.sos.{device.point}"
    return _user(
        Login(device.username, "", device.password_hash),
        publish=[f"{own}.press", f"{own}.heartbeat"],
        subscribe=[f"{own}.receipt"],
    )


def _quoted(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"not a printable name: {text!r}")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
