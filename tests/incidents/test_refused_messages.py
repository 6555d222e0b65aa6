"""What no door could understand is kept as it came, for the administrator alone, and never without end."""

from __future__ import annotations

import pytest

from safezone.core.errors import NotAllowed, NotSignedIn
from safezone.core.identity import Role
from safezone.incidents import refused_messages
from safezone.incidents.commands import KeepRefusedMessage
from safezone.incidents.queries import list_refused_messages
from safezone.incidents.refused_messages import MOST_BYTES
from safezone.incidents.views import RefusedMessageView
from tests.incidents.desk import SYSTEM, Desk
from tests.support.station import who

ADMIN = who("admin", "admin-1")


def keep(desk: Desk, raw: bytes, source: str = "safezone/mdh/sos/sos-01/press") -> None:
    desk.do(KeepRefusedMessage("mqtt", source, raw, "อ่านไม่ได้", "cannot be read"), SYSTEM)
    desk.clock.advance(1)


def listed(desk: Desk, limit: int = 100) -> list[RefusedMessageView]:
    with desk.read() as conn:
        return list_refused_messages(conn, ADMIN, limit)


def test_a_message_is_kept_as_it_came_with_the_reason(desk: Desk) -> None:
    head = desk.head()
    keep(desk, b'{"n": \xff\x00 \xe0\xb9\x80\xe0\xb8\xaa\xe0\xb8\xb2')
    keep(desk, b"", source="s" * 5000)
    newest, first = listed(desk)
    assert first.raw == '{"n": \\xff\x00 เสา'
    assert (first.door, first.source, first.reason.th, first.reason.en) == (
        "mqtt", "safezone/mdh/sos/sos-01/press", "อ่านไม่ได้", "cannot be read"
    )  # fmt: skip
    assert (newest.raw, len(newest.source)) == ("", 200)
    assert first.at < newest.at
    assert desk.head() == head, "rubbish does not stand in the log"


def test_a_huge_message_is_cut_and_the_oldest_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_messages, "MOST_KEPT", 3)
    keep(desk, b"x" * (MOST_BYTES + 1))
    assert len(listed(desk)[0].raw or "") == MOST_BYTES
    for number in range(5):
        keep(desk, f"{number}".encode())
    assert [message.raw for message in listed(desk)] == ["4", "3", "2"]
    assert [message.raw for message in listed(desk, limit=1)] == ["4"]


@pytest.mark.parametrize("role", ["operator", "supervisor", "unit", "auditor", "sos_point", "public"])
def test_only_the_administrator_reads_them(desk: Desk, role: Role) -> None:
    with desk.read() as conn, pytest.raises((NotAllowed, NotSignedIn)):
        list_refused_messages(conn, who(role))
