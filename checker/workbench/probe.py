"""Asks a program that a learner started, over the network, as one of its users would."""

from __future__ import annotations

import contextlib
import http.client
import socket
from dataclasses import dataclass
from typing import BinaryIO

from checker.workbench.service import LARGEST_REPLY, Reply

__all__ = ["Redis", "Web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """A Redis at an address of this machine.

    Attributes:
        host: Where it can be reached.
        port: The published port, not the one inside the container.
        seconds: The limit for connecting and for each answer.
    """

    host: str
    port: int
    seconds: float = 2.0

    def ask(self, *words: str) -> str | None:
        """Send one command in Redis' protocol (RESP2) and return its answer.

        Returns:
            The answer's text, empty for a nil; None where nobody answers there, or somebody who is no Redis.
        """
        request = b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
        with contextlib.suppress(OSError, ValueError), self._connect() as connected, connected.makefile("rb") as answer:
            connected.sendall(b"*%d\r\n" % len(words) + request)
            return _reply(answer)
        return None

    def _connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=self.seconds)


def _reply(answer: BinaryIO) -> str | None:
    line = answer.readline(65_536).decode(errors="replace").rstrip("\r\n")
    kind, rest = line[:1], line[1:]
    if kind == "$":
        size = int(rest)
        return "" if size < 0 else answer.read(min(size, 1_000_000)).decode(errors="replace")
    return rest if kind in {"+", ":", "-"} else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """An HTTP server at an address of this machine.

    Attributes:
        host: Where it can be reached.
        port: The published port, not the one inside the container.
        seconds: The limit for connecting and for each piece of the answer.
    """

    host: str
    port: int
    seconds: float = 3.0

    def get(self, path: str = "/") -> Reply | None:
        """Ask for a path; no proxy of the machine's is asked, and no redirection followed.

        Returns:
            The answer, also an error's; None where nobody answers there in HTTP.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.seconds)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return Reply(status=answer.status, text=answer.read(LARGEST_REPLY).decode(errors="replace"))
        return None
