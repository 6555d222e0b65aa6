"""The scripts of web workers: a browser binds a worker by the policy that comes with its script, not by that of the page."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from safezone.core.desk import Desk
from safezone.core.errors import NotFound
from safezone.core.i18n import Words
from safezone.entrypoints.headers import page_headers

SCRIPTS: Final = Path(__file__).parent.parent / "web_dist" / "workers"


@get("/workers/{name:str}", include_in_schema=False, sync_to_thread=True)
def get_worker_script(
    name: FromPath[str], request: Request[Any, Any, Any], desk: NamedDependency[Desk]
) -> Response[bytes]:
    """The script with the page's own policy. It is asked for at every start, because the policy changes with the settings and a
    script that a browser has kept would bring the old one; unless it has changed nothing is sent.
    """
    path = SCRIPTS / name
    if path.parent != SCRIPTS or path.suffix != ".js" or not path.is_file():
        raise NotFound("not_found", Words(th="ไม่มีไฟล์นี้", en="There is no such file."))
    policy = page_headers(desk.settings.map.origins)["Content-Security-Policy"]
    # The name tells its content.
    tag = f'W/"{hashlib.sha256(f"{name} {policy}".encode()).hexdigest()[:16]}"'
    headers = {"Content-Security-Policy": policy, "ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(path.read_bytes(), media_type="text/javascript", headers=headers)
