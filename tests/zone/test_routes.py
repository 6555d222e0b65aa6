"""The map over HTTP, as a browser asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from safezone.core.identity import Identity
from safezone.zone import handlers
from safezone.zone.commands import CreateStation
from safezone.zone.findings import Findings
from safezone.zone.imports.keeping import Imports
from safezone.zone.layer_routes import dependencies
from safezone.zone.layer_tiles import TileMaker
from safezone.zone.layers import Layers
from safezone.zone.map_routes import MapFolder
from safezone.zone.routes import routes
from safezone.zone.station_set import read_zone_set
from tests.support.engines import EngineName
from tests.zone.ground import MUKDAHAN, Node, operator


@pytest.fixture
def client(engine: EngineName, tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    node = Node(tmp_path, handlers.register)
    read = read_zone_set(MUKDAHAN, Findings())
    assert read is not None
    node.do(CreateStation(read))

    def identity() -> Identity:
        return operator()

    layers = Layers(tmp_path / "ground")
    maker = TileMaker(tmp_path / "ground", layers)
    app = Litestar(
        routes,
        dependencies={
            "identity": Provide(identity, sync_to_thread=False),
            "desk": Provide(lambda: node.desk, sync_to_thread=False),
            **dependencies(Imports(tmp_path / "imports"), layers, maker, MapFolder(tmp_path)),
        },
    )
    with TestClient(app) as client:
        yield client
    node.close()


def test_the_map_is_geojson_and_not_sent_twice(client: TestClient[Litestar]) -> None:
    first = client.get("/api/v1/zone")
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("application/geo+json")
    assert first.json()["type"] == "FeatureCollection"
    again = client.get("/api/v1/zone", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/zone", headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_map_is_described(client: TestClient[Litestar]) -> None:
    described = client.get("/schema/openapi.json").json()["paths"]["/api/v1/zone"]["get"]["responses"]["200"]
    assert "application/geo+json" in described["content"]
