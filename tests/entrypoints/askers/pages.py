"""The pages: the same files for everybody, who are then told by the API what they may see."""

from __future__ import annotations

from typing import Any

from safezone.entrypoints.http import WEB_DIST
from tests.entrypoints.askers import routes_in

TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /                                                     page   page page page     page       page  page   page  page      page       page       page
GET    /enter                                                page   page page page     page       page  page   page  page      page       page       page
GET    /setup                                                page   page page page     page       page  page   page  page      page       page       page
GET    /console                                              page   page page page     page       page  page   page  page      page       page       page
GET    /office                                               page   page page page     page       page  page   page  page      page       page       page
GET    /office/{section}                                     page   page page page     page       page  page   page  page      page       page       page
GET    /assets/{file_path}                                   page   page page page     page       page  page   page  page      page       page       page
GET    /workers/{name}                                       page   page page page     page       page  page   page  page      page       page       page
HEAD   /assets/{file_path}                                   page   page page page     page       page  page   page  page      page       page       page
"""
ROUTES = routes_in(TABLE)


def prepare(_asker: Any, row: Any) -> dict[str, Any]:
    """The page, or one of the files that are built."""
    script, worker = (
        next((each.name for each in (WEB_DIST / folder).glob("*.js")), "none.js")
        for folder in ("assets", "workers")
    )
    return {"method": row.method, "url": row.path.format(section="zone", file_path=script, name=worker)}
