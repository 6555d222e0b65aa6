"""Who is asking: the role, the station and, for a device or a patrol unit, which one it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from safezone.core.errors import NotAllowed, NotSignedIn
from safezone.core.i18n import Words

Role = Literal[
    "operator",
    "supervisor",
    "admin",
    "auditor",
    "chief",
    "commander",
    "cctv_owner",
    "partner",
    "technician",
    "unit",
    "sos_point",
    "tracker",
    "public",
    "system",
]
PersonRole = Literal[
    "operator",
    "supervisor",
    "admin",
    "auditor",
    "chief",
    "commander",
    "cctv_owner",
    "partner",
    "technician",
    "unit",
]
"""Roles of people, who have accounts; a patrol officer's is `unit`."""
Reach = Literal["station", "region"]
"""How far a commander sees: their own station, or also those that have named it as the seat of their region."""
PARTNER_ROLES: Final[tuple[Role, ...]] = ("cctv_owner", "partner")
"""Those who belong to a partner (`partner_id`) and see what concerns it; never what was reported."""
CCOC_ROLES: Final[tuple[Role, ...]] = ("operator", "supervisor", "admin")
"""Those who sit in the command centre and may see what was reported."""

_SIGN_IN = Words(
    th="ต้องลงชื่อเข้าใช้ก่อน: เปิดลิงก์ที่ได้รับ หรือส่ง Authorization: Bearer <token>",
    en="Sign in first: open the link you were given, or send Authorization: Bearer <token>.",
)


class Identity(msgspec.Struct, frozen=True):
    """Somebody or something that asks; `name` is a duty name or a device, never a person's secret."""

    station: str
    role: Role
    name: str
    unit_id: str | None = None
    point_id: str | None = None
    credential_id: str | None = None
    partner_id: str | None = None
    account_id: str | None = None
    """Which person's account; None for tokens and devices."""
    exports: bool = False
    """A machine that may export by itself."""
    reach: Reach = "station"
    expires_at: datetime | None = None
    proven_at: datetime | None = None
    """When they last proved who they are, with this session."""

    @property
    def actor(self) -> str:
        """How the log names it, such as `operator:ccoc-1` or `unit:car-1`."""
        return f"{self.role}:{self.name}"

    @property
    def in_ccoc(self) -> bool:
        """Whether it sits in the command centre."""
        return self.role in CCOC_ROLES

    def require(self, *roles: Role) -> None:
        """Return when the role is one of `roles`; NotSignedIn for the public, NotAllowed for everybody else."""
        if self.role in roles:
            return
        if self.role == "public":
            raise NotSignedIn("sign_in", _SIGN_IN)
        takes = ", ".join(roles)
        raise NotAllowed(
            "not_your_role",
            Words(
                th=f"บทบาท “{self.role}” ทำรายการนี้ไม่ได้ (ต้องเป็น {takes}) หากเป็นงานของท่าน ขอให้ผู้ดูแลระบบเปลี่ยนบทบาท",
                en=f"The role “{self.role}” may not do this (it takes {takes}). Ask the administrator if it is your work.",
            ),
        )


def system(station: str, name: str) -> Identity:
    """The program itself, such as the listener or job called `name`."""
    return Identity(station, "system", name)


def public(station: str) -> Identity:
    """Anybody without a token: may report an emergency and ask for its status, nothing else."""
    return Identity(station, "public", "anonymous")
