"""The broker learns which poles may sign in, also when it was away or could not be told at first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from safezone.core.auth import IssueCredential, Issued, RevokeCredential, installer
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.broker.users import BrokerUsers, devices_of
from tests.support.places import eventually
from tests.support.poles import STATION, RealBroker
from tests.support.station import Station

WHO = installer(STATION)


class Told:
    """A station without doors, a real broker, and what tells the one about the other."""

    def __init__(self, path: Path) -> None:
        self.station = Station(path / "data")
        self.broker = RealBroker(path / "broker", [])
        self.users = BrokerUsers(self.station.desk, self.broker.directory)

    def issue(self, point: str) -> Issued:
        asked = IssueCredential(sort="device", role="sos_point", name=point, point_id=point)
        issued: Issued = self.station.do(asked, WHO)
        return issued

    def known(self) -> set[str]:
        """The poles in what the broker reads when it starts or is told to look again."""
        return {device.point for device in broker.load(self.broker.directory).state.devices}


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    told = Told(tmp_path)
    yield told
    await told.users.stop()
    told.broker.kill()
    told.station.close()


async def soon(ask: Callable[[], bool]) -> None:
    """As `eventually`, without holding up the loop in which the program works."""
    await asyncio.to_thread(eventually, ask)


async def test_the_list_is_told_at_the_start_and_after_every_change(told: Told) -> None:
    told.broker.start()
    told.users.start()
    await soon(lambda: {"sos-01", "sos-08"} <= told.known())
    given = told.issue("pole-1")
    await soon(lambda: "pole-1" in told.known())
    told.station.do(RevokeCredential(given.credential_id, "stolen"), WHO)
    await soon(lambda: "pole-1" not in told.known())
    assert told.users.state() == "ok"


async def test_a_broker_that_was_away_knows_the_pole_when_it_is_back(told: Told) -> None:
    told.users.start()
    told.issue("pole-1")
    await soon(lambda: "pole-1" in told.known())
    await asyncio.to_thread(told.broker.start)
    with told.station.read() as conn:
        assert (
            broker.set_devices(told.broker.directory, devices_of(conn, STATION, told.station.clock.now()))
            is True
        )


async def test_what_could_not_be_written_is_said_and_tried_again(told: Told) -> None:
    stands_in_the_way = told.broker.directory / "nats.conf"
    stands_in_the_way.unlink()
    stands_in_the_way.mkdir()
    told.users.start()
    await soon(lambda: told.users.state() != "ok")
    assert "SOS points" in told.users.state()
    stands_in_the_way.rmdir()
    await soon(lambda: told.users.state() == "ok")
    assert "sos-01" in told.known()
