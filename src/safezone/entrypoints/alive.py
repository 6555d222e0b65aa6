"""`safezone alive`: whether the program of a data folder answers, for a container's health check; and how it is asked."""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from safezone.entrypoints.cli.parsing import Wire

ANSWER_WITHIN_S: Final = 5.0
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - it is asked at its own


def run_alive(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone alive`: 0 when it answers, also while it waits for somebody to found a station; else 1."""
    url = _address_of(args.data)
    if ask(f"{url}/livez") is not None:
        return 0
    print(f"safezone: {url} ไม่ตอบ / does not answer", file=sys.stderr)
    return 1


def _address_of(data: Path) -> str:
    """Where its program has said that it answers; before there is a station, where the settings send it."""
    try:
        url: str = json.loads((data / "run" / "node.json").read_text("utf-8"))["url"]
    except (OSError, ValueError):
        from safezone.core.settings import load_settings  # noqa: PLC0415 - not needed once there is a station

        settings = load_settings(data / "safezone.toml")
        web, by_tls = settings.web, settings.web.tls_certificate_file or settings.acme.is_on
        host = f"[{web.host}]" if ":" in web.host else web.host
        url = f"{'https' if by_tls else 'http'}://{host}:{web.port}"
    for every, own in _EVERY_ADDRESS.items():
        url = url.replace(f"//{every}:", f"//{own}:")
    return url


def ask(url: str) -> dict[str, Any] | None:
    """What this machine's own program says, also with 503; None when nothing answers.

    Its certificate is made out for the name that people use, not for this address, so it is not looked at: nothing that
    is secret is said here.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=ANSWER_WITHIN_S) as answer:
            said: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as answer:
        try:
            said = json.load(answer)
        except ValueError:
            return None
    except (OSError, ValueError):
        return None
    return said
