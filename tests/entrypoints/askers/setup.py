"""The first hour, for whoever sets a station up; and the station in numbers, for whoever answers for it."""

from __future__ import annotations

from typing import Any

from tests.entrypoints.askers import routes_in

TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /api/v1/setup                                         401    403  403  403      yes        yes   403    yes   403       403        403        403
GET    /api/v1/overview                                      401    403  403  403      yes        yes   yes    yes   yes       403        403        403
"""
ROUTES = routes_in(TABLE)


def prepare(_asker: Any, row: Any) -> dict[str, Any]:
    """The question."""
    return {"method": row.method, "url": row.path}
