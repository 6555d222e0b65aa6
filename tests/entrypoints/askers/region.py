"""The region: for a commander of scope region, whose column is that of a commander everywhere else."""

from __future__ import annotations

from typing import Any

from tests.entrypoints.askers import routes_in
from tests.support.station import STATION

TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /api/v1/region/stations                               401    403  403  403      403        403   403    403   403       403        403        403
GET    /api/v1/region/stations/{station_id}                  401    403  403  403      403        403   403    403   403       403        403        403
"""
ROUTES = routes_in(TABLE)


def prepare(_asker: Any, row: Any) -> dict[str, Any]:
    """The question, about the station itself."""
    return {"method": row.method, "url": row.path.format(station_id=STATION)}
