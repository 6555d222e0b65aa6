"""Client: asks the same questions again and again over one connection, as a browser does, and says how long each took."""

from __future__ import annotations

import gzip
import http.client
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit


def ask(line: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> tuple[float, int, int]:
    """Seconds until the answer was there, its bytes on the wire, and its bytes when unpacked."""
    began = time.perf_counter()
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    body = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
    unpacked = gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
    return took, len(body), len(unpacked)


def main(url: str, token: str, times: int, questions: dict[str, list[str]]) -> None:
    """Each question so many times, its variants in turn; prints what came of it as JSON."""
    at = urlsplit(url)
    line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    found: dict[str, Any] = {}
    for name, paths in questions.items():
        for path in paths:
            ask(line, path, headers)
        answers = [ask(line, paths[n % len(paths)], headers) for n in range(times)]
        took, wire, unpacked = zip(*answers, strict=True)
        found[name] = {"took": took, "wire": max(wire), "unpacked": max(unpacked)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4]))
