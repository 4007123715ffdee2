"""The one thing that can be reached from a lab: the mirror, to be read from and never written to.

A lab has no network but its own loopback. Whoever holds the lab listens there, on this side of the wall, and passes
on what a pull asks for (OCI distribution specification, https://github.com/opencontainers/distribution-spec).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from checker.engine.netns import enter

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["MirrorProxy"]

_MOST = 32  # connections at once
_SECONDS = 30.0
_READS = re.compile(r"/v2/(?:[\w.:/-]+/(?:manifests|blobs|tags)/[\w.:-]+)?", re.ASCII)
_ASKED = ("Accept", "Range")
_ANSWERED = ("Content-Type", "Content-Length", "Content-Range", "Docker-Content-Digest", "ETag")


class MirrorProxy:
    """Listens on a lab's loopback at the mirror's own port; a context manager.

    Args:
        pid: The first process of the lab, seen from here.
        port: The TCP port of the mirror on this machine's loopback, and of the proxy on the lab's.
    """

    def __init__(self, pid: int, port: int) -> None:
        self._server = _Server(_listener_of(pid, port), port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="mirror of a lab", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _listener_of(pid: int, port: int) -> socket.socket:
    """Return a socket that listens in the network of another process; only a thread of ours goes there.

    Raises:
        OSError: The process is gone, or somebody listens there.
    """
    made: list[socket.socket | OSError] = []

    def listen() -> None:
        try:
            _go_to_network_of(pid)
            made.append(socket.create_server(("127.0.0.1", port)))
        except OSError as problem:
            made.append(problem)

    there = threading.Thread(target=listen)
    there.start()
    there.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _go_to_network_of(pid: int) -> None:
    """Move this thread, for the rest of its life, to the network of a process."""
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(network)
    finally:
        os.close(network)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Pull, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.port = port
        self._room = threading.BoundedSemaphore(_MOST)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is no news."""


class _Pull(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS
    server: _Server

    def do_GET(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Keep no log: the transcript says what a script asked the engine for."""

    def _pass_on(self) -> None:
        if not _READS.fullmatch(self.path):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        mirror = HTTPConnection("127.0.0.1", self.server.port, timeout=_SECONDS)
        try:
            wanted = {name: ", ".join(self.headers.get_all(name, [])) for name in _ASKED if name in self.headers}
            mirror.request(self.command, self.path, headers=wanted)
            answer = mirror.getresponse()
            self.send_response(answer.status)
            for name in _ANSWERED:
                if (value := answer.getheader(name)) is not None:
                    self.send_header(name, value)
            if answer.getheader("Content-Length") is None:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            shutil.copyfileobj(answer, self.wfile, 1 << 18)
        except HTTPException:
            self.close_connection = True
        finally:
            mirror.close()
