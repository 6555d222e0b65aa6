"""The equipment over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from safezone.assets import handlers
from safezone.assets.commands import RegisterAssets
from safezone.assets.routes import AssetRoutes
from safezone.assets.station_set import read_station_set
from safezone.core.identity import Identity
from safezone.core.in_force import SettingsInForce
from safezone.core.settings import Settings
from tests.support.engines import EngineName
from tests.zone.ground import MUKDAHAN, Node, operator


@pytest.fixture
def client(engine: EngineName, tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    node = Node(tmp_path, lambda bus: handlers.register(bus, SettingsInForce(Settings())))
    node.do(RegisterAssets(read_station_set(MUKDAHAN).assets))

    def identity() -> Identity:
        return operator()

    dependencies = {
        "identity": Provide(identity, sync_to_thread=False),
        "desk": Provide(lambda: node.desk, sync_to_thread=False),
    }
    with TestClient(Litestar([AssetRoutes], dependencies=dependencies)) as client:
        yield client
    node.close()


def test_all_of_one_kind(client: TestClient[Litestar]) -> None:
    assert len(client.get("/api/v1/assets").json()["items"]) == 87
    poles = client.get("/api/v1/assets", params={"kind": "sos_point"}).json()["items"]
    assert [pole["id"] for pole in poles] == [f"sos-{n:02d}" for n in range(1, 9)]
    assert client.get("/api/v1/assets", params={"kind": "red_box"}).json()["total"] == 0


def test_one_as_the_console_shows_it(client: TestClient[Litestar]) -> None:
    assert client.get("/api/v1/assets/sos-03").json() == {
        "id": "sos-03",
        "kind": "sos_point",
        "code": "sos-03",
        "name": {"th": "ท่าเรือโดยสาร", "en": "Passenger pier"},
        "place": {"lon": 104.729486, "lat": 16.544822},
        "lifecycle": "in_service",
        "owner": {"th": "สถานีตำรวจ (ตัวอย่าง)", "en": "Police station (example)"},
        "site_id": None,
        "camera_count": None,
        "readiness": "UNKNOWN",
        "readiness_reason": {
            "th": "ยังไม่เคยได้รับสัญญาณ จึงไม่มีข้อมูลเทียบ",
            "en": "never heard yet: there is no baseline",
        },
        "readiness_since_at": "2026-01-01T00:00:00Z",
        "last_heartbeat_at": None,
        "synthetic": True,
        "owner_id": None,
        "mou_until": None,
        "test_until_at": None,
    }
