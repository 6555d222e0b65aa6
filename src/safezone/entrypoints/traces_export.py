"""Makes spans of notes and sends them to the collector (OTLP over HTTP); loaded only where traces are wanted."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

import requests
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from safezone import __version__
from safezone.entrypoints.traces import Note

logger = logging.getLogger("safezone.traces")

SEND_LIMIT_S: Final = 3.0
AT_ONCE: Final = 512
_KINDS: Final = {
    "server": trace.SpanKind.SERVER,
    "consumer": trace.SpanKind.CONSUMER,
    "internal": trace.SpanKind.INTERNAL,
}


class _Given(IdGenerator):
    """The ids were given out when the notes were taken."""

    span_id = trace_id = 0

    def generate_span_id(self) -> int:
        return self.span_id

    def generate_trace_id(self) -> int:
        return self.trace_id


class _Kept(SpanProcessor):
    """Spans that have ended, until they are taken."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class Export:
    """Used by one thread."""

    def __init__(self, endpoint: str, who: Mapping[str, str]) -> None:
        # One line of ours when the collector goes and one when it is back, not one of theirs for each attempt.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._session = requests.Session()
        self._session.trust_env = False
        self._exporter = OTLPSpanExporter(endpoint=endpoint, timeout=SEND_LIMIT_S, session=self._session)
        self._given, self._kept = _Given(), _Kept()
        # Not Resource.create: it adds what the environment says, which may be the name of the machine.
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({**who, "service.version": __version__}),
            shutdown_on_exit=False,
            id_generator=self._given,
        )
        provider.add_span_processor(self._kept)
        self._tracer = provider.get_tracer("safezone", __version__)
        self._well = True

    def send(self, notes: Sequence[Note]) -> None:
        """They are with the collector, or lost."""
        shift_ns = time.time_ns() - time.perf_counter_ns()
        for note in notes:
            self._note(note, shift_ns)
        spans, self._kept.spans = self._kept.spans, []
        for first in range(0, len(spans), AT_ONCE):
            sent = self._exporter.export(spans[first : first + AT_ONCE]) is SpanExportResult.SUCCESS
            self._tell(sent)
            if not sent:
                break

    def close(self) -> None:
        """Nothing is sent any more."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
        self._session.close()

    def _note(self, note: Note, shift_ns: int) -> None:
        self._given.trace_id, self._given.span_id = int(note.trace, 16), int(note.span, 16)
        inside = Context()
        if note.parent:
            flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
            parent = trace.SpanContext(
                int(note.trace, 16), int(note.parent, 16), note.kind == "server", flags
            )
            inside = trace.set_span_in_context(trace.NonRecordingSpan(parent), inside)
        span = self._tracer.start_span(
            note.name,
            inside,
            _KINDS[note.kind],
            dict(note.said),
            start_time=int(note.began_s * 1e9) + shift_ns,
            record_exception=False,
        )
        if note.failed:
            span.set_status(trace.StatusCode.ERROR)
        span.end(int(note.ended_s * 1e9) + shift_ns)

    def _tell(self, sent: bool) -> None:
        if sent and not self._well:
            logger.info("the collector of traces takes them again")
        elif not sent and self._well:
            logger.warning(
                "the collector of traces cannot be reached: traces are lost until it can; nothing else is"
            )
        self._well = sent
