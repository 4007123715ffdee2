"""The engine's side: a connection for each request, written anew, and answers that are believed within bounds only."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import h11

from checker.guard.proxy.body import Chunked, Misframed, Sized, UntilEnd
from checker.guard.proxy.stream import Plain, Tls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from checker.engine import Engine
    from checker.guard.limits import Limits
    from checker.guard.proxy.body import Frame
    from checker.guard.proxy.stream import Stream

__all__ = ["Answer", "Call", "EngineGone", "Upstream"]

API = "/v1.41"
"""The version in which the guard itself asks: every engine that the course supports knows it."""


class EngineGone(Exception):  # noqa: N818 - it is what happened
    """The engine does not answer, or not as an engine does."""


class Answer:
    """The head of what the engine answered.

    Args:
        response: The head as ``h11`` has it.
    """

    def __init__(self, response: h11.Response | h11.InformationalResponse) -> None:
        self.status = response.status_code
        self.headers = {name.decode("ascii"): value.decode("latin-1") for name, value in response.headers}

    @property
    def kind(self) -> str:
        """The body's media type, without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """The body's length where the engine said it."""
        length = self.headers.get("content-length")
        return int(length) if length is not None else None

    @property
    def is_framed(self) -> bool:
        """Whether its body has an end of its own."""
        return "content-length" in self.headers or "transfer-encoding" in self.headers


class Call:
    """One request to the engine, on a connection of its own.

    Args:
        stream: The connection.
        limits: What the answer may take.
    """

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self.stream = stream
        self._limits = limits
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.head_bytes)
        self._head_only = False
        self._chunked = self._streamed = False
        self._answered: Answer | None = None

    async def ask(self, method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes | None) -> None:
        """Send the request's head, and its body where that is known.

        Args:
            method: The method.
            target: The canonical target.
            headers: All headers, the framing among them.
            body: The whole body; None where there is none, or it follows by ``piece``.
        """
        self._head_only = method == "HEAD"
        self._chunked = ("Transfer-Encoding", "chunked") in headers
        wanted = [("Host", "docker"), *headers]
        data = self._h11.send(h11.Request(method=method, target=target, headers=wanted))
        if body:
            data += self._h11.send(h11.Data(data=body))
        await self.stream.send(data)

    async def piece(self, *parts: bytes | memoryview) -> None:
        """Send a piece of a body that comes in pieces."""
        if not self._streamed:
            self.stream.expect_much()
        if self._chunked:
            await self.stream.send(b"%x\r\n" % sum(map(len, parts)), *parts, b"\r\n")
        else:
            await self.stream.send(*parts)
        self._streamed = True

    async def finish(self) -> None:
        """Say that the request is complete."""
        if self._chunked:
            await self.stream.send(b"0\r\n\r\n")
        elif not self._streamed:
            self._h11.send(h11.EndOfMessage())  # it knows the body's length, and that it has gone

    async def answer(self, seconds: float | None) -> Answer:
        """Return the head of the answer; that of a 101 too.

        Args:
            seconds: The limit; None to wait as long as it takes.

        Raises:
            EngineGone: It went away, took too long, or does not speak HTTP/1.1.
        """
        try:
            async with asyncio.timeout(seconds):
                response = await self._head()
        except TimeoutError as error:
            raise EngineGone("no answer in time") from error
        if response.http_version != b"1.1" or response.status_code in {301, 302, 303, 307, 308}:
            raise EngineGone("not what an engine answers")  # a redirect is never followed
        self._answered = Answer(response)
        return self._answered

    async def _head(self) -> h11.Response | h11.InformationalResponse:
        while True:
            event = self._next()
            if isinstance(event, h11.Response):
                return event
            if isinstance(event, h11.InformationalResponse):
                if event.status_code == 101:
                    return event
            elif event is h11.NEED_DATA:
                self._h11.receive_data(await self._received())
            else:
                raise EngineGone("closed before it answered")

    async def pieces(self, seconds: float | None) -> AsyncIterator[bytes]:
        """Yield the answer's body as it comes, freed from its framing.

        Args:
            seconds: The limit between two pieces; None to wait as long as it takes.

        Raises:
            EngineGone: It went away in the middle, or was silent for too long.
        """
        frame, data, size = self._frame(), self.early(), 0
        while not frame.is_done:
            data = data or await self._received(seconds)
            try:
                piece = b"".join(frame.parts(data))
            except Misframed as error:
                raise EngineGone(str(error)) from error
            data = b""
            size += len(piece)
            if size > self._limits.stream_bytes:
                raise EngineGone("an answer without end")
            if piece:
                yield piece

    def _frame(self) -> Frame:
        answer = self._answered
        if answer is None or self._head_only or answer.status in {204, 304}:
            return Sized(0)
        if "transfer-encoding" in answer.headers:
            return Chunked()
        return UntilEnd() if answer.length is None else Sized(answer.length)

    async def whole(self, most: int, take: Callable[[int], None]) -> bytes:
        """Return the answer's whole body; ``take`` is told the size of each piece, and may refuse it.

        Raises:
            EngineGone: As ``pieces``, or it is longer than ``most`` bytes.
        """
        body = bytearray()
        async for piece in self.pieces(self._limits.stalled):
            take(len(piece))
            body += piece
            if len(body) > most:
                raise EngineGone("an answer that is too long")
        return bytes(body)

    def early(self) -> bytes:
        """Return what came after the head of the answer and is not yet read."""
        return self._h11.trailing_data[0]

    def _next(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise EngineGone(str(error)) from error

    async def _received(self, seconds: float | None = None) -> bytes:
        try:
            return await self.stream.receive(seconds)
        except OSError as error:
            raise EngineGone(str(error)) from error

    def close(self) -> None:
        """Cut the connection."""
        self.stream.close()


class Upstream:
    """Connects to an engine.

    Args:
        engine: Which one.
        limits: What connecting and answers may take.
    """

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._address = urlsplit(engine.host)
        self._limits = limits
        self._tls = _context(Path(engine.certs)) if engine.certs else None

    async def call(self) -> Call:
        """Return a new connection.

        Raises:
            EngineGone: Nobody answers there.
        """
        try:
            async with asyncio.timeout(self._limits.connect):
                return Call(await self._stream(), self._limits)
        except (OSError, TimeoutError) as error:
            raise EngineGone(str(error) or "no connection in time") from error

    async def ask(self, method: str, path: str, body: object = None, *, take: Callable[[int], None]) -> tuple[int, Any]:
        """Ask the engine itself one thing, for the guard's own use.

        Args:
            method: The method.
            path: The path below the version, with its query.
            body: What to send as JSON.
            take: Told the size of each piece of the answer; it may refuse it.

        Returns:
            The status, and the answer parsed; None where it is not JSON.

        Raises:
            EngineGone: It does not answer.
        """
        data = b"" if body is None else json.dumps(body).encode()
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(data))), ("Connection", "close"))
        call = await self.call()
        try:
            await call.ask(method, API + path, headers, data)
            await call.finish()
            answer = await call.answer(self._limits.answer)
            content = await call.whole(self._limits.answer_bytes, take)
        except OSError as error:
            raise EngineGone(str(error)) from error
        finally:
            call.close()
        return answer.status, parsed(answer, content)

    async def _stream(self) -> Stream:
        if self._address.scheme == "unix":
            return await _unix(self._address.netloc + self._address.path)
        host = self._address.hostname or ""
        plain = await _tcp(host, self._address.port or (2376 if self._tls else 2375))
        if self._tls is None:
            return plain
        try:
            tls = Tls(plain, self._tls, host)
            await tls.shake_hands()
        except BaseException:
            plain.close()
            raise
        return tls


def parsed(answer: Answer, content: bytes) -> Any:  # noqa: ANN401 - whatever the engine says
    """Return an answer's JSON; None where it has none.

    Raises:
        EngineGone: It says that it is JSON, and is not.
    """
    if not content or answer.kind != "application/json":
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise EngineGone("not JSON") from error


async def _unix(path: str) -> Plain:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(0)
    try:
        while True:
            try:
                connected.connect(path)
                break
            except BlockingIOError:  # its queue is full, and the kernel does not say when it no longer is
                await asyncio.sleep(0.005)
    except BaseException:
        connected.close()
        raise
    return Plain(connected)


async def _tcp(host: str, port: int) -> Plain:
    loop = asyncio.get_running_loop()
    family, kind, protocol, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
    connected = socket.socket(family, kind, protocol)
    connected.settimeout(0)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connected, address)
    except BaseException:
        connected.close()
        raise
    return Plain(connected)


def _context(certs: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certs / "ca.pem"))
    context.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    return context
