"""The process of `authority.py`: acme2certifier behind TLS on 127.0.0.1."""

from __future__ import annotations

import itertools
import os
import ssl
import sys
import urllib.request
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from acme2certifier.acme_srv import helper
from acme2certifier.acme_srv.nonce import NonceRepository

from tests.support.authority import FORGOTTEN


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

    def address_string(self) -> str:
        return str(self.client_address[0])


def _lead_every_name_here(port: int) -> None:
    """What DNS and a router do elsewhere."""

    def resolve(*_: Any, **__: Any) -> Any:
        return ["127.0.0.1"], False, None

    def fetch(_logger: Any, *, host: str, path: str, **_more: Any) -> tuple[str | None, int, str | None]:
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.read().decode("ascii"), answer.status, None
        except OSError as problem:
            return None, getattr(problem, "code", 500), str(problem)

    helper.fqdn_resolve = resolve
    helper.url_get_dns_pinned = fetch


def _forget_some_nonces() -> None:
    known, number = NonceRepository.consume_nonce, itertools.count(1)

    def consume(self: Any, nonce: str) -> int:
        found: int = known(self, nonce)
        return 0 if next(number) % FORGOTTEN == 0 else found

    NonceRepository.consume_nonce = consume


def main(folder: Path, port: int) -> None:
    """Never returns."""
    _lead_every_name_here(int(os.environ["TEST_CHALLENGE_PORT"]))
    _forget_some_nonces()
    from acme2certifier.share import acme2certifier_wsgi

    def by_tls(environ: dict[str, Any], start: Any) -> Any:
        return acme2certifier_wsgi.application({**environ, "wsgi.url_scheme": "https"}, start)

    server = make_server("127.0.0.1", port, by_tls, _Server, _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
