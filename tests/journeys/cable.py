"""The network cable between one browser and the station, for tests: it can be pulled out and put back.

A pulled cable says nothing: no connection is closed, nothing arrives any more. That is the kind of cut a screen does
not notice by itself. What was on its way arrives once the cable is back, as TCP sees to it.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.places import let_pass

PIECE_BYTES = 65_536
LOOK_AGAIN_S = 0.1


class Cable:
    """A wire from a free port of 127.0.0.1 to the station; it also knows which requests are still open."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.delay_s = 0.0
        """How much later everything arrives."""
        self._cuts = 0
        self._plugged = threading.Event()
        self._plugged.set()
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._asked: dict[int, str] = {}
        self._threads: list[threading.Thread] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.settimeout(LOOK_AGAIN_S)
        self.port: int = self._door.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        """Where a browser at the other end of this cable finds the station."""
        return f"http://127.0.0.1:{self.port}"

    def pull(self) -> None:
        """Nothing passes any more, in either direction."""
        self._plugged.clear()

    def plug(self) -> None:
        """What waited arrives, and everything passes again."""
        self._plugged.set()

    def cut(self) -> None:
        """Every connection that there is ends; new ones are taken."""
        self._cuts += 1

    def list_open(self, path: str) -> list[str]:
        """The connections whose last request was for `path` and that are still open."""
        with self._lock:
            return [asked for asked in self._asked.values() if asked.split("?")[0] == path]

    def close(self) -> None:
        """No socket and no thread is left."""
        self._end.set()
        self._plugged.set()
        for each in self._threads:
            each.join()
        self._door.close()

    def _start(self, work: object, *of: object) -> None:
        thread = threading.Thread(target=work, args=of, name="cable", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._end.is_set():
            try:
                browser, _ = self._door.accept()
            except TimeoutError:
                continue
            self._start(self._carry, browser)

    def _carry(self, browser: socket.socket) -> None:
        """One connection, until either end closes it."""
        self._plugged.wait()
        cuts = self._cuts
        with browser:
            try:
                station = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:
                return  # The station is down: the browser sees its connection refused, as it would without us.
            with station, selectors.DefaultSelector() as ready:
                ready.register(browser, selectors.EVENT_READ, station)
                ready.register(station, selectors.EVENT_READ, browser)
                try:
                    while not self._end.is_set() and cuts == self._cuts and self._pass_on(ready, browser):
                        pass
                except OSError:
                    pass  # One end has gone without a word; the other learns of it now.
                finally:
                    with self._lock:
                        self._asked.pop(id(browser), None)

    def _pass_on(self, ready: selectors.BaseSelector, browser: socket.socket) -> bool:
        """What has come is handed over; False when one end has closed."""
        for key, _ in ready.select(LOOK_AGAIN_S):
            from_socket = key.fileobj
            assert isinstance(from_socket, socket.socket)
            piece = from_socket.recv(PIECE_BYTES)
            if not piece:
                return False
            if from_socket is browser:
                self._note(browser, piece)
            self._plugged.wait()
            if self.delay_s:
                let_pass(self.delay_s)
            key.data.sendall(piece)
        return True

    def _note(self, browser: socket.socket, piece: bytes) -> None:
        words = piece[:2_000].split(b"\r\n", 1)[0].split(b" ")
        if len(words) == 3 and words[2].startswith(b"HTTP/"):
            with self._lock:
                self._asked[id(browser)] = words[1].decode("ascii", "replace")


@contextmanager
def cable_to(port: int) -> Iterator[Cable]:
    """A plugged cable to this port; taken away at the end."""
    cable = Cable(port)
    try:
        yield cable
    finally:
        cable.close()
