"""A collector of traces for tests: takes OTLP over HTTP as a real one does, and keeps every span that arrives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.places import eventually


class Span(NamedTuple):
    """What arrived of one span."""

    trace: str
    id: str
    parent: str
    name: str
    process: str
    """The name of the process that did it."""
    began_ns: int
    ended_ns: int
    said: dict[str, Any]
    failed: bool


class Collector:
    """Everything that has arrived so far."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}/v1/traces"
        self.spans: list[Span] = []
        self.raw = b""
        """The bodies of all requests, one behind the other."""

    def take(self, body: bytes) -> None:
        """One request has come in; DecodeError when it is none."""
        for one in ExportTraceServiceRequest.FromString(body).resource_spans:
            who = _values(one.resource.attributes)
            found = (span for scope in one.scope_spans for span in scope.spans)
            self.spans += [_read(span, str(who["safezone.process"])) for span in found]
        self.raw += body

    def find_trace(self, trace: str, *names: str) -> dict[str, Span]:
        """The spans of a trace by name, once there is one of each of these names."""

        def found() -> dict[str, Span]:
            return {each.name: each for each in self.spans if each.trace == trace}

        eventually(lambda: set(names) <= set(found()))
        return found()

    def find_door(self, name: str, **said: Any) -> Span:
        """The newest span without a parent here that has this name and says this, once it has arrived."""

        def found() -> Span | None:
            fits = (each for each in reversed(self.spans) if each.name == name)
            return next((each for each in fits if said.items() <= each.said.items()), None)

        span = eventually(found)
        assert span is not None
        return span


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector that listens on a free port until the end of the `with`."""

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Take) as server:
        taken = Collector(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield taken
        server.shutdown()
        thread.join()


def _read(span: Any, process: str) -> Span:
    return Span(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        process,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _values(span.attributes),
        span.status.code == 2,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
