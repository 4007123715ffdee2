"""A client that sends what no client would."""

from __future__ import annotations

import contextlib
import json
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from checker.guard.serve import Guard

__all__ = ["Raw", "Said", "request"]

SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body's JSON."""
        return json.loads(self.body)


def request(method: str, target: str, body: bytes | None = None, *more: str) -> bytes:
    """Return a proper request; ``more`` are whole header lines."""
    lines = [f"{method} {target} HTTP/1.1", "Host: docker", *more]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Raw:
    """One connection with a guard; a context manager."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self._rest = b""

    @classmethod
    def at(cls, guard: Guard) -> Self:
        """Return a connection with a guard."""
        return cls(guard.host.removeprefix("unix://"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes; a guard that has closed already may have said why."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def more(self) -> bytes:
        """Return what comes next; nothing at the end."""
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            return b""
        self._rest += data
        return data

    def head(self) -> Said | None:
        """Return the head of an answer; None where the connection ends before it."""
        while b"\r\n\r\n" not in self._rest:
            if not self.more():
                return None
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Said(status=int(first.split()[1]), headers=headers)

    def answer(self) -> Said | None:
        """Return a whole answer; None where the connection ends before."""
        head = self.head()
        if head is None:
            return None
        body = self._chunks() if "transfer-encoding" in head.headers else self._exactly(head)
        return None if body is None else Said(status=head.status, headers=head.headers, body=body)

    def _exactly(self, head: Said) -> bytes | None:
        return self.take(int(head.headers.get("content-length", "0")))

    def _chunks(self) -> bytes | None:
        body = b""
        while True:
            while b"\r\n" not in self._rest:
                if not self.more():
                    return None
            size, _, self._rest = self._rest.partition(b"\r\n")
            piece = self.take(int(size, 16) + 2)
            if piece is None or piece == b"\r\n":
                return None if piece is None else body
            body += piece[:-2]

    def take(self, length: int) -> bytes | None:
        """Return so many bytes; None where the connection ends before."""
        while len(self._rest) < length:
            if not self.more():
                return None
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken

    def rest(self) -> bytes:
        """Return everything until the connection ends."""
        while self.more():
            pass
        rest, self._rest = self._rest, b""
        return rest

    def ask(self, method: str, target: str, body: bytes | None = None, *more: str) -> Said | None:
        """Send a proper request and return its answer."""
        self.send(request(method, target, body, *more))
        return self.answer()
