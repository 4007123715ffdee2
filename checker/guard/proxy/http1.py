"""HTTP/1.1 with whoever asks: read in the strictest way, answered in one form.

A proxy that reads a request otherwise than the engine behind it can be made to pass on what it has not judged. So the
bytes of a head are looked at before ``h11`` tokenises them (it forgives a bare line feed and a folded line, RFC 9112
sections 2.2 and 5.2, as Go's ``net/http`` does), and whatever could be read in two ways is refused.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from checker.guard.limits import PIECE
from checker.guard.message import Denied, Head
from checker.guard.proxy.body import Chunked, Misframed, Sized

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from checker.guard.limits import Limits
    from checker.guard.proxy.body import Frame, Parts
    from checker.guard.proxy.stream import Stream

__all__ = ["WITHOUT_BODY", "Asked", "Client", "Malformed", "TooSlow", "Vanished"]

WITHOUT_BODY = frozenset({204, 304})
"""Statuses whose answers end with their headers."""

_END = b"\r\n\r\n"
# a line feed alone, a carriage return alone, NUL, a folded line, or an empty first line
_AMBIGUOUS = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|\x00|\r\n[ \t]|\A\r\n|\A[ \t]")
_TARGET = re.compile(r"/[!-~]*")  # origin-form, RFC 9112 section 3.2.1
_LENGTH = re.compile(r"[0-9]{1,18}")
_ONCE = (
    "host",
    "content-length",
    "transfer-encoding",
    "content-type",
    "content-encoding",
    "upgrade",
    "expect",
    "connection",
)
_EARLY = 64 * 1024  # how much may come before it is asked for


class Malformed(Exception):  # noqa: N818 - it is what the request is
    """A request that is no proper HTTP; its connection ends with the answer.

    Args:
        why: The phrase that says it.
        status: The answer's status.
    """

    def __init__(self, why: str = "http.malformed", status: int = 400, **blanks: object) -> None:
        super().__init__(why)
        self.key = why
        self.status = status
        self.blanks = blanks

    def denied(self) -> Denied:
        """Return it as the refusal that its client gets."""
        return Denied(key=self.key, blanks=self.blanks, status=self.status)


class TooSlow(Exception):  # noqa: N818 - as above
    """What was being sent did not come within its limit."""

    def denied(self) -> Denied:
        """Return it as the refusal that its client gets."""
        return Denied(key="http.too_slow", status=408)


class Vanished(Exception):  # noqa: N818 - as above
    """The client went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request's head, and what it says about the connection.

    Attributes:
        head: Its first line and headers.
        length: The body's length in bytes; None where it comes in chunks.
        upgrade: The protocol that it would like to go on with, in lower case; empty for none.
        closes: Whether the client wants the connection to end with the answer.
        expects: Whether it waits for a 100 before it sends its body.
    """

    head: Head
    length: int | None = 0
    upgrade: str = ""
    closes: bool = False
    expects: bool = False


class Client:
    """One connection with whoever asks: one request after the other.

    Args:
        stream: The connection.
        limits: What it may take.
    """

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self.stream = stream
        self._limits = limits
        self._rest = bytearray()
        self._frame: Frame = Sized(0)
        self._unread = False  # whether something of the request's body may still come
        self._expects = False
        self._head_only = False
        self._started = False
        self._closes = False

    async def wait(self) -> bool:
        """Wait for the first byte of a request; return whether there is one.

        Raises:
            TimeoutError: None came within the limit for idle connections.
        """
        if not self._rest:
            self._rest += await self.stream.receive(self._limits.idle)
        return bool(self._rest)

    async def read_head(self) -> Asked:
        """Read the next request's head.

        Raises:
            Malformed: It is none, or could be read in two ways.
            TooSlow: It did not come within its limit.
            Vanished: The connection ended in the middle of it.
        """
        try:
            async with asyncio.timeout(self._limits.head):
                raw = await self._raw_head()
        except TimeoutError as error:
            raise TooSlow from error
        return self._tokenised(raw)

    async def _raw_head(self) -> bytes:
        seen = 0
        while True:
            end = self._rest.find(_END, max(0, seen - 3))
            size = end + len(_END) if end >= 0 else len(self._rest)
            if size > self._limits.head_bytes:
                raise Malformed("http.head_too_large", 431)
            if _AMBIGUOUS.search(self._rest, max(0, seen - 3), size):
                raise Malformed  # at once: to others it may have ended here
            if end >= 0:
                break
            seen = size
            self._rest += await self._more()
        raw = bytes(self._rest[:size])
        del self._rest[:size]
        return raw

    async def _more(self) -> bytes:
        data = await self.stream.receive()
        if not data:
            raise Vanished
        return data

    async def _more_in(self, buffer: bytearray, seconds: float | None) -> memoryview:
        size = await self.stream.receive_into(buffer, seconds)
        if not size:
            raise Vanished
        return memoryview(buffer)[:size]

    def _tokenised(self, raw: bytes) -> Asked:
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limits.head_bytes + 1)
        try:
            reader.receive_data(raw)
            request = reader.next_event()
        except h11.RemoteProtocolError as error:
            raise Malformed from error
        if not isinstance(request, h11.Request) or request.http_version != b"1.1":
            raise Malformed
        headers = _headers(raw)
        if len(headers) > self._limits.headers:
            raise Malformed("http.head_too_large", 431)
        head = Head(method=request.method.decode("ascii"), target=request.target.decode("latin-1"), headers=headers)
        asked = _understood(head)
        self._frame = Chunked() if asked.length is None else Sized(asked.length)
        self._unread, self._expects = asked.length != 0, asked.expects
        self._head_only, self._closes, self._started = head.method == "HEAD", asked.closes, False
        return asked

    @property
    def is_unread(self) -> bool:
        """Whether something of the request's body may still come."""
        return self._unread

    @property
    def has_begun(self) -> bool:
        """Whether the client has got the head of the answer to its request."""
        return self._started

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this answer."""
        return self._closes

    def close_after(self) -> None:
        """Let the connection end with this answer."""
        self._closes = True

    async def body(self, most: int, seconds: float | None = None) -> AsyncGenerator[Parts]:
        """Yield the request's body as it comes, freed from its framing: what came at once, in parts.

        Parts lie in one buffer, and are others when the next are asked for.

        Args:
            most: How many bytes it may have.
            seconds: The limit between two pieces; None to wait as long as it takes.

        Raises:
            Malformed: Its framing is broken, it has trailers, or it is longer than ``most``.
            TooSlow: Nothing came within ``seconds``.
            Vanished: The connection ended in the middle of it.
        """
        if self._expects and self._unread:
            self._expects = False
            await self.stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        buffer, size = bytearray(PIECE), 0
        while self._unread:
            parts = await self._parts(buffer, seconds)
            size += sum(map(len, parts))
            if size > most:
                raise Malformed("http.body_too_large", 413, megabytes=max(1, most // 1024**2))
            if parts:
                yield parts

    async def _parts(self, buffer: bytearray, seconds: float | None) -> Parts:
        """Return as much of the body as has come: many chunks cost no more than one."""
        try:
            data = memoryview(bytes(self._rest) if self._rest else await self._more_in(buffer, seconds))
            self._rest.clear()
            parts = self._frame.parts(data)
        except TimeoutError as error:
            raise TooSlow from error
        except Misframed as error:
            raise Malformed from error
        if self._frame.is_done:
            self._rest += self._frame.rest
            self._unread = False
        return parts

    async def read_body(self, most: int, take: Callable[[int], None]) -> bytes:
        """Return the request's whole body; ``take`` is told the size of each piece, and may refuse it.

        Raises:
            Malformed: As ``body``.
            TooSlow: It did not come within its limit.
            Vanished: As ``body``.
        """
        try:
            async with asyncio.timeout(self._limits.body):
                body = bytearray()
                async for parts in self.body(most):
                    take(sum(map(len, parts)))
                    body += b"".join(parts)
                return bytes(body)
        except TimeoutError as error:
            raise TooSlow from error

    async def gone(self) -> None:
        """Return when the client has gone; what it sends meanwhile is kept for later, within bounds.

        Only when nobody else receives from it.
        """
        while len(self._rest) <= _EARLY:
            try:
                data = await self.stream.receive()
            except OSError:
                return
            if not data:
                return
            self._rest += data
        await asyncio.Event().wait()

    def early(self) -> bytes:
        """Return what it sent after its request without waiting for the answer, and forget it."""
        early = bytes(self._rest)
        self._rest.clear()
        return early

    async def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Begin an answer; the framing is among the headers, and what becomes of the connection is added.

        Where the client is still sending, its connection ends with the answer.
        """
        self._closes = self._closes or self._unread
        self._started = True
        closing = [("Connection", "close")] if self._closes and status != 101 else []
        await self.stream.send(written_head(status, (*headers, *closing)))

    async def piece(self, data: bytes, *, chunked: bool) -> None:
        """Send a piece of the answer's body."""
        if chunked and data:
            await self.stream.send(b"%x\r\n" % len(data), data, b"\r\n")
        elif data:
            await self.stream.send(data)

    async def finish(self, *, chunked: bool) -> None:
        """Say that the answer is whole."""
        if chunked:
            await self.stream.send(b"0\r\n\r\n")

    async def answer(self, status: int, body: bytes, headers: Iterable[tuple[str, str]]) -> None:
        """Send a whole answer."""
        length = [] if status in WITHOUT_BODY else [("Content-Length", str(len(body)))]
        await self.start(status, (*headers, *length))
        if body and length and not self._head_only:
            await self.stream.send(body)

    async def linger(self) -> None:
        """Let the client read what it was answered although it was still sending, then cut (RFC 9112 section 9.6)."""
        try:
            await self.stream.end()
            async with asyncio.timeout(self._limits.linger):
                while await self.stream.receive():
                    pass
        except (OSError, TimeoutError):
            pass
        finally:
            self.stream.close()


def written_head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the first line and headers of an answer."""
    phrase = HTTPStatus(status).phrase if status in _STATUSES else ""
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join((*lines, "", "")).encode("latin-1", errors="replace")


_STATUSES = frozenset(int(status) for status in HTTPStatus)


def _headers(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Return a head's headers as they were sent; ``h11`` has found them proper, and has merged some of them."""
    lines = (line.partition(":") for line in raw.decode("latin-1").split("\r\n")[1:-2])
    return tuple((name.lower(), value.strip(" \t")) for name, _, value in lines)


def _understood(head: Head) -> Asked:
    """Return what a head says about framing and connection.

    Raises:
        Malformed: It says so in a way that others could understand otherwise.
    """
    once = _once(head)
    if not _TARGET.fullmatch(head.target) or "host" not in once or "trailer" in dict(head.headers):
        raise Malformed
    connection = {token.strip().lower() for token in once.get("connection", "").split(",")}
    upgrade = once.get("upgrade", "").lower()
    if (once.keys() & {"upgrade"}) and not (upgrade and "upgrade" in connection):
        raise Malformed
    if once.get("expect", "100-continue").lower() != "100-continue":
        raise Malformed(status=417)
    return Asked(
        head=head,
        length=_length(once),
        upgrade=upgrade,
        closes="close" in connection,
        expects="expect" in once,
    )


def _once(head: Head) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in head.headers:
        if name in _ONCE and name in found:
            raise Malformed
        found[name] = value
    return {name: found[name] for name in _ONCE if name in found}


def _length(once: dict[str, str]) -> int | None:
    if "transfer-encoding" in once:
        if "content-length" in once or once["transfer-encoding"].lower() != "chunked":
            raise Malformed
        return None
    length = once.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise Malformed
    return int(length)
