"""What a station can set: every limit with its meaning and a default, none of them official figures."""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from safezone.core.certificate_settings import Acme, Contradiction, check_acme
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.identity import PersonRole
from safezone.core.provider_settings import Oidc, check_address
from safezone.core.settings_outside import STATION_ID, Map, Region, Traces

Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long each stage of an incident may take before its clock turns red (seconds). Set by the station; not official."""

    acknowledge_limit_s: Seconds = 15
    """Reported → acknowledged. When it runs out, the supervisor is told."""
    dispatch_limit_s: Seconds = 60
    """Acknowledged → first unit dispatched."""
    accept_limit_s: Seconds = 30
    """Dispatched → the unit has accepted or is on its way."""
    arrive_limit_s: Seconds = 300
    """On the way → on scene."""
    twin_window_s: Seconds = 60
    """Two presses of one SOS point within this time are one incident."""
    near_twin_window_s: Seconds = 600
    """Reports near each other within this time are suggested as twins; a person merges them."""
    near_twin_m: Annotated[int, msgspec.Meta(ge=1, le=200)] = 150
    """How near (metres) two reports must be to be suggested as twins."""


Priority = Annotated[int, msgspec.Meta(ge=1, le=4)]


class Priorities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The priority with which a report begins, by its kind (1 is the most urgent); a person may change each incident's."""

    sos: Priority = 1
    """Somebody has pressed for help."""
    robbery: Priority = 1
    """Robbery or snatching."""
    assault: Priority = 1
    """Somebody is being hurt."""
    fire: Priority = 1
    """Fire or smoke."""
    medical: Priority = 1
    """Somebody is ill or injured."""
    accident: Priority = 2
    """Traffic accident."""
    suspicious: Priority = 3
    """A suspicious person, vehicle or thing."""
    theft: Priority = 3
    """Something was stolen."""
    noise: Priority = 4
    """Noise or nuisance."""
    other: Priority = 4
    """Anything else."""


Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long personal content is kept before it is erased. Sensible beginnings, not official figures: ask your lawyer."""

    incident_days: Days = 730
    """What was said, by whom, where exactly, and every note and reason: days after the incident was closed."""
    photo_days: Days = 365
    """Photos: days after the incident was closed."""
    handover_days: Days = 365
    """Handover notes: days after they were written."""
    refused_message_days: Days = 90
    """Messages that no door could understand, which may have anything in them: days after they came."""
    repair_days: Days = 1825
    """Texts of work orders: days after the repair was accepted or the order cancelled."""
    loan_days: Days = 365
    """Who borrowed a thing, with telephone number, and its condition: days after it came back."""
    equipment_paper_days: Days = 1825
    """Photos and documents of equipment and MOUs: days after they were taken away, it was retired, or the MOU ended."""
    equipment_note_days: Days = 1825
    """Notes of looks, reasons of steps and moves, and whom one had to ask at an owner's before: days after they were written."""
    purpose_days: Days = 730
    """What was written freely as the purpose of a look or an export, which may name somebody: days after it was said."""
    account_days: Days = 365
    """Who had an account, and its secrets: days after it expired or was suspended, or its link ended and nobody took it up."""


class Positions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How positions of units are judged and how long they are kept."""

    fix_stale_s: Seconds = 60
    """A fix older than this is drawn hollow."""
    fix_lost_s: Seconds = 600
    """A fix older than this is not used to recommend a unit."""
    near_enough_m: Annotated[int, msgspec.Meta(ge=50, le=200_000)] = 5000
    """A unit farther away than this is not recommended."""
    keep_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    """Days for which positions are kept."""


class Heartbeats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an asset that has fallen silent is noticed."""

    interval_s: Seconds = 60
    """How often an SOS point is expected to say that it is well."""
    watch_after_s: Seconds = 150
    """Silent for this long: WATCH."""
    down_after_s: Seconds = 300
    """Silent for this long: DOWN."""


Told = Literal["operator", "supervisor", "admin", "auditor", "chief", "technician"]


class Notices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told of what, on the screens of this program: nothing is sent by LINE or e-mail yet."""

    not_acknowledged: tuple[Told, ...] = ("supervisor",)
    """An incident that nobody has acknowledged within `acknowledge_limit_s`."""
    device_down: tuple[Told, ...] = ("technician", "supervisor")
    """Equipment that is DOWN."""
    backup_failed: tuple[Told, ...] = ("admin",)
    """A backup or a restore drill that failed or is overdue."""
    record_rewritten: tuple[Told, ...] = ("admin", "auditor", "chief")
    """The log differs from a signed checkpoint."""


class Screens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How screens begin."""

    language: Literal["th", "en"] = "th"
    """The language of a browser in which nobody has chosen one yet."""


class Checkpoints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signed statements of how far the log went and what its end was, so that a rewritten database shows."""

    every_h: Annotated[int, msgspec.Meta(ge=0, le=24 * 31)] = 24
    """Hours between two checkpoints; 0 makes none by the clock."""
    to: str = ""
    """Where each goes besides the data folder: a folder on another machine's disk, best one from which nothing can be deleted."""
    key_file: str = ""
    """The file with the signing key (Ed25519); empty means `checkpoint.key` beside the master key."""


class Upkeep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is expected of those who keep the equipment well. Sensible beginnings, not official figures."""

    test_press_days: Days = 31
    """An SOS point that has not passed a test press from end to end for so many days is on WATCH."""
    test_window_s: Seconds = 300
    """Seconds for one such test: from its start until it must have been pressed, seen and confirmed."""
    order_days: Days = 14
    """A work order is due after so many days, unless it says another day."""


class Probe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The synthetic press: by the road of a real one, so that somebody notices when no press can arrive."""

    every_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 60
    """Seconds between two synthetic presses; 0 makes none. They open no incident and are counted nowhere."""
    username: str = ""
    """At your own broker: a user that may publish `safezone/<station>/sos/_probe/press` and hear `…/receipt`; empty takes
    the program's own user. The embedded broker is told by the program."""
    password_file: str = ""
    """File with the password of that user."""


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may read /metrics (Prometheus)."""

    access: Literal["loopback", "token", "nobody"] = "loopback"
    """`loopback`: who asks from this machine and through no proxy. `token`: who has the token of `token_file`."""
    token_file: str = ""
    """File with the token, sent as `Authorization: Bearer <token>`."""

    def __post_init__(self) -> None:
        if self.access == "token" and not self.token_file:
            raise ValueError('access = "token" needs token_file')


class Web(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the web face and the API answer."""

    host: str = "127.0.0.1"
    """Address to listen on. Give it a certificate, or put a TLS proxy in front, before it leaves this machine."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8700
    """Port; 0 takes any free one."""
    max_body_mib: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    """Largest request body, photos included (MiB)."""
    tls_certificate_file: str = ""
    """Certificate with its chain (PEM): the web answers by TLS alone. Taken anew when the file changes."""
    tls_key_file: str = ""
    """Key of the certificate (PEM), readable by this program only."""
    public_url: str = ""
    """By what address browsers reach this station, such as `https://zone.example.go.th`; empty: as each browser says itself.
    Links and labels lead there, passkeys belong to its host, and a provider ([oidc]) sends people back to
    `<public_url>/api/v1/session/oidc/callback`."""
    behind_tls_proxy: bool = False
    """A proxy of yours takes TLS and passes requests on; needs `trusted_proxies`. Cookies are then sent by TLS only."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of your proxy, such as `["127.0.0.1"]`: X-Forwarded-* is believed from these alone."""
    requests_per_s: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 300
    """What one caller may ask for per second, reports excepted, which are never refused; ten times as much at once."""
    waiting_connections: Annotated[int, msgspec.Meta(ge=16, le=100_000)] = 512
    """Connections of one address that say nothing; with one more, the one that was quiet for longest is closed."""

    def __post_init__(self) -> None:
        check_address("[web] public_url", self.public_url)
        for each in self.trusted_proxies:
            ipaddress.ip_network(each)
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            raise ValueError("tls_certificate_file and tls_key_file are given both or not at all")
        if self.behind_tls_proxy and not self.trusted_proxies:
            raise ValueError("behind_tls_proxy needs trusted_proxies: whose X-Forwarded-* is to be believed?")

    def address(self, said: str) -> str:
        """By what address browsers reach the station, without a slash at the end: what is set, or as a browser has `said`."""
        return (self.public_url or said).rstrip("/")


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The MQTT broker of the SOS points: the embedded one, or one that you already have."""

    host: str = ""
    """Address of your own broker; empty starts the embedded one."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 1883
    """Port of the broker; 0 takes any free one (embedded only)."""
    listen: str = "127.0.0.1"
    """Address on which the embedded broker listens."""
    username: str = ""
    """User name at your own broker."""
    password_file: str = ""
    """File with the password at your own broker."""
    tls: bool = False
    """The embedded broker takes poles by TLS alone, with the certificate of the section `[web]`."""
    tls_ca_file: str = ""
    """Certificate authority of your own broker; empty means no TLS."""
    nats_url: str = ""
    """Your own NATS servers (nats://a:4222, nats://b:4222), through which several processes of a station tell each other
    of news; empty uses the embedded one."""
    nats_credentials_file: str = ""
    """Credentials file (.creds) for your own NATS servers."""


class Backup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Encrypted backups by the clock, and the drill that proves that they can be restored."""

    every_h: Annotated[int, msgspec.Meta(ge=0, le=24 * 31)] = 0
    """Hours between two backups; 0 makes none by the clock."""
    to: str = ""
    """Where they go: a folder (on another disk), or `s3://bucket/prefix`."""
    recipients: tuple[str, ...] = ()
    """For whom they are sealed: age recipients (`age1…`). Each of them can open every backup."""
    keep: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 30
    """How many backups stay; older ones are removed after a new one was made."""
    with_master_key: bool = True
    """Whether the master key is in the backup too, sealed to the same recipients. Without it keep it elsewhere yourself:
    a backup alone then shows no personal content, and cannot bring any back."""
    drill_every_h: Annotated[int, msgspec.Meta(ge=0, le=24 * 366)] = 0
    """Hours between two restore drills; 0 makes none by the clock."""
    drill_identity_file: str = ""
    """File with the identity that opens the newest backup in a drill; best a key that is used for drills alone."""
    s3_endpoint: str = ""
    """Address of the S3-compatible store, such as `https://minio.example:9000`; empty means Amazon's.
    The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the AWS credentials file."""
    s3_region: str = ""
    """Region of the bucket, where the store asks for one."""


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the master key lies, without which no personal content can be read."""

    master_key_file: str = ""
    """The file with the master key, best on another medium than the database; empty means `master.key` in the data folder."""


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who came in, who was refused, who looked at what: `safezone access`."""

    keep_days: Annotated[int, msgspec.Meta(ge=90, le=3650)] = 180
    """Days for which the access log is kept; the law on computers asks for 90."""


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the processes print, for whoever or whatever reads it."""

    format: Literal["text", "json"] = "text"
    """`json`: one object a line with time (UTC), level, logger, message; trace_id and exception where there is one."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """From which level on."""


class Accounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How people sign in with a name and a password."""

    second_factor_roles: tuple[PersonRole, ...] = ("admin", "auditor", "supervisor")
    """Roles that take a second factor (an authenticator app or a passkey) besides the password."""
    idle_min: Annotated[int, msgspec.Meta(ge=5, le=1440)] = 120
    """Minutes without use after which a session ends. A console that is open is in use, all night."""
    own_networks: tuple[str, ...] = ()
    """Networks of the station itself, such as `["10.20.0.0/24"]`: failed attempts of one name there hold up no other name."""

    def __post_init__(self) -> None:
        for each in self.own_networks:
            ipaddress.ip_network(each)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set in `safezone.toml`; a section that is absent keeps its defaults."""

    web: Web = Web()
    acme: Acme = Acme()
    screens: Screens = Screens()
    limits: Limits = Limits()
    priorities: Priorities = Priorities()
    retention: Retention = Retention()
    positions: Positions = Positions()
    heartbeats: Heartbeats = Heartbeats()
    notices: Notices = Notices()
    checkpoints: Checkpoints = Checkpoints()
    upkeep: Upkeep = Upkeep()
    probe: Probe = Probe()
    metrics: Metrics = Metrics()
    broker: Broker = Broker()
    access: Access = Access()
    log: Log = Log()
    accounts: Accounts = Accounts()
    traces: Traces = Traces()
    backup: Backup = Backup()
    keys: Keys = Keys()
    map: Map = Map()
    region: Region = Region()
    oidc: Oidc = Oidc()
    station: Annotated[str, msgspec.Meta(pattern=STATION_ID)] = ""
    """The id of the station that this program serves, where a database is to hold several, each with a folder and a program
    of its own; empty: the only one there."""
    database_url: str = ""
    """Address of the database, `postgresql://user@host/name?passfile=…`; empty means SQLite in the data directory."""

    def __post_init__(self) -> None:
        web, given = self.web, bool(self.web.tls_certificate_file)
        check_acme(
            self.acme,
            given=given,
            behind_proxy=web.behind_tls_proxy,
            public_url=web.public_url,
            web=(web.host, web.port),
        )
        if self.broker.tls and not (given or self.acme.is_on or self.broker.host):
            raise ValueError("[broker] tls needs [web] tls_certificate_file")


class FileSettings(Settings, frozen=True, forbid_unknown_fields=True):
    """The settings of a file, which also knows what the file says and what is a default."""

    stated: frozenset[str] = frozenset()


def stated_in(settings: Settings) -> frozenset[str]:
    """The keys (`limits.arrive_limit_s`) that somebody has set for this program; no browser may change them."""
    if isinstance(settings, FileSettings):
        return settings.stated
    return frozenset(
        f"{section.name}.{field.name}"
        for section in msgspec.structs.fields(Settings)
        if isinstance(each := getattr(settings, section.name), msgspec.Struct)
        for field in msgspec.structs.fields(type(each))
        if getattr(each, field.name) != field.default
    )


def load_settings(path: Path) -> Settings:
    """The settings in a TOML file, defaults where it says nothing or is absent; CannotStart names the line or field."""
    if not path.exists():
        return Settings()
    try:
        read = tomllib.loads(path.read_text("utf-8"))
        settings = msgspec.convert(read, Settings)
    except (
        tomllib.TOMLDecodeError,
        msgspec.ValidationError,
        UnicodeDecodeError,
        RecursionError,
        OSError,
    ) as problem:
        cause = problem.__cause__
        said = cause.words if isinstance(cause, Contradiction) else Words(th=str(problem), en=str(problem))
        raise CannotStart(
            Words(
                th=f"อ่านไฟล์ตั้งค่า {path.name} ไม่ได้: {said.th}",
                en=f"Cannot read the settings file {path.name}: {said.en}",
            )
        ) from problem
    if "region" in read:
        # A consent that no other program could read, or one that could not be seen to be withdrawn.
        raise CannotStart(
            Words(
                th=f"ไฟล์ {path.name}: นำ [region] ออก หน่วยเหนือของสถานีกำหนดในเบราว์เซอร์ (ตั้งค่า) เท่านั้น เพื่อให้อยู่ในบันทึก",
                en=f"{path.name}: take [region] out. The region's seat is said in the browser (settings) alone, so that it "
                "stands in the record.",
            )
        )
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    sections = {name: keys for name, keys in read.items() if isinstance(keys, dict)}
    return FileSettings(
        **values, stated=frozenset(f"{name}.{key}" for name, keys in sections.items() for key in keys)
    )
