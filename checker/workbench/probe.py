"""Asks a program that a learner started, over the network, as one of its users would."""

from __future__ import annotations

import contextlib
import http.client
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from checker.workbench.service import LARGEST_REPLY, Reply

if TYPE_CHECKING:
    from checker.workbench.container import Container

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

    @classmethod
    def doors(cls, container: Container, published_host: str) -> tuple[Web, ...]:
        """Return where a container's published TCP ports can be asked.

        Every address stays with its own port: the engine may give the same port of a container one number for IPv4
        and another for IPv6, and that one may be a neighbour's for IPv4.

        Args:
            container: The container.
            published_host: The engine's ``published_host``, for what is published on every address.
        """
        everywhere = {"::": "::1"} if published_host == "127.0.0.1" else {}
        return tuple(
            cls(
                host=binding.address if binding.is_loopback else everywhere.get(binding.address, published_host),
                port=binding.port,
            )
            for binding in sorted(container.all_published(), key=lambda binding: ":" in binding.address)
        )

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
