"""Sockets whose waits can be given up without losing a byte.

``asyncio``'s own ``sock_recv`` may have taken bytes off the socket when its task is cancelled, and its streams copy
each byte several times. Here a wait only waits; the bytes are taken when somebody is there to have them.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
from typing import TYPE_CHECKING, Protocol

from checker.guard.limits import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["Plain", "Stream", "Tls"]

MOST_PARTS = 64  # that are sent without joining them; more than a thousand the kernel would not take
_ON_ITS_WAY = 256 * 1024  # bytes that the kernel may hold for who receives: with less, who sends has to stop and go
_MUCH_ON_ITS_WAY = 2 * 1024 * 1024  # of a body: on two cores a copy of 200 MB is a tenth quicker with it
_FAIR = 16  # how often one stream may be served without a wait before the others get their turn


class Stream(Protocol):
    """Bytes both ways; one task may receive while another sends."""

    async def receive(self, seconds: float | None = None) -> bytes:
        """Return what has come, at most ``PIECE`` bytes, within so many seconds; nothing at the end."""

    async def receive_into(self, buffer: bytearray, seconds: float | None = None) -> int:
        """Put what has come into a buffer, which spares the kernel a new page for every 4 KB; 0 at the end."""

    async def send(self, *parts: bytes | memoryview) -> None:
        """Send all of it, as fast as the other side takes it."""

    async def end(self) -> None:
        """Say that nothing more will be sent; receiving goes on."""

    def expect_much(self) -> None:
        """Get ready to send a long body."""

    def is_hung_up(self) -> bool:
        """Return whether the other side has closed both directions."""

    def close(self) -> None:
        """Cut the connection; whoever waits at it gets a ``ConnectionAbortedError``."""


class Plain:
    """A connected stream socket.

    Args:
        connected: The socket, which belongs to the stream from now on.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0)
        self._socket = connected
        self._hold(_ON_ITS_WAY)
        self._number = connected.fileno()
        self._loop = asyncio.get_running_loop()
        self._waits: set[asyncio.Future[None]] = set()
        self._closed = False
        self._turns = 0

    async def receive(self, seconds: float | None = None) -> bytes:
        """Return what has come, at most ``PIECE`` bytes; nothing at the end.

        Args:
            seconds: The limit; None to wait as long as it takes.

        Raises:
            OSError: The connection broke, or was cut here; ``TimeoutError`` where nothing came in time.
        """
        return await self._received(lambda: self._socket.recv(PIECE), seconds)

    async def receive_into(self, buffer: bytearray, seconds: float | None = None) -> int:
        """Put what has come into a buffer, as much as fits; return how many bytes, 0 at the end.

        Args:
            buffer: Where to; what was there before is gone.
            seconds: As for ``receive``.

        Raises:
            OSError: As ``receive``.
        """
        return await self._received(lambda: self._socket.recv_into(buffer), seconds)

    async def _received(self, take: Callable[[], T], seconds: float | None) -> T:
        await self._be_fair()
        while True:
            try:
                return take()
            except (BlockingIOError, InterruptedError):
                await self._wait(self._loop.add_reader, self._loop.remove_reader, seconds)

    async def send(self, *parts: bytes | memoryview) -> None:
        """Send all of it, as fast as the other side takes it, and without joining it first.

        Raises:
            OSError: The connection broke, or was cut here.
        """
        if len(parts) > MOST_PARTS:
            parts = (b"".join(parts),)
        try:
            sent = self._socket.sendmsg(parts)
        except (BlockingIOError, InterruptedError):
            sent = 0
        if sent == sum(map(len, parts)):
            return
        for part in parts:
            if sent < len(part):
                await self._send_rest(part, sent)
            sent = max(0, sent - len(part))

    async def _send_rest(self, part: bytes | memoryview, sent: int) -> None:
        with memoryview(part) as view:
            while sent < len(view):
                try:
                    sent += self._socket.send(view[sent:])
                except (BlockingIOError, InterruptedError):
                    await self._wait(self._loop.add_writer, self._loop.remove_writer)

    async def end(self) -> None:
        """Say that nothing more will be sent; receiving goes on."""
        with contextlib.suppress(OSError):  # it may be gone already, and then knows
            self._socket.shutdown(socket.SHUT_WR)

    def expect_much(self) -> None:
        """Let the kernel hold more of what is sent; not of every connection, or many would hold too much."""
        self._hold(_MUCH_ON_ITS_WAY)

    def _hold(self, most: int) -> None:
        with contextlib.suppress(OSError):  # it works without, only slower
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, most)

    def is_hung_up(self) -> bool:
        """Return whether the other side has closed both directions."""
        if self._closed:
            return True
        poll = select.poll()
        poll.register(self._number, 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    def close(self) -> None:
        """Cut the connection; whoever waits at it gets a ``ConnectionAbortedError``."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._number)
        self._loop.remove_writer(self._number)
        self._socket.close()
        for wait in self._waits:
            if not wait.done():
                wait.set_exception(ConnectionAbortedError("cut"))

    async def _be_fair(self) -> None:
        self._turns += 1
        if self._turns >= _FAIR:
            self._turns = 0
            await asyncio.sleep(0)

    async def _wait(
        self,
        add: Callable[[int, Callable[..., None], asyncio.Future[None]], None],
        remove: Callable[[int], bool],
        seconds: float | None = None,
    ) -> None:
        if self._closed:
            raise ConnectionAbortedError("cut")
        self._turns = 0
        wait = self._loop.create_future()
        limit = None if seconds is None else self._loop.call_later(seconds, _expire, wait)
        add(self._number, _wake, wait)
        self._waits.add(wait)
        try:
            await wait
        finally:
            if limit is not None:
                limit.cancel()
            self._waits.discard(wait)
            if not self._closed:  # else the number may be another socket's by now
                remove(self._number)


def _wake(wait: asyncio.Future[None]) -> None:
    if not wait.done():
        wait.set_result(None)


def _expire(wait: asyncio.Future[None]) -> None:
    if not wait.done():
        wait.set_exception(TimeoutError("silent for too long"))


class Tls:
    """A stream inside another, encrypted, as its client sees it.

    ``asyncio``'s own cannot end one direction only, and a hijacked connection needs that.

    Args:
        stream: The connection that carries it.
        context: What is trusted, and who we are.
        name: The other side's name, as its certificate has to have it.
    """

    def __init__(self, stream: Plain, context: ssl.SSLContext, name: str) -> None:
        self._stream = stream
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._sending = asyncio.Lock()

    async def shake_hands(self) -> None:
        """Agree with the other side; before anything else.

        Raises:
            OSError: It is not who it should be, or went away.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._more():
                    raise ConnectionResetError("closed before TLS was agreed") from None
        await self._flush()

    async def receive(self, seconds: float | None = None) -> bytes:
        """Return what has come, at most ``PIECE`` bytes; nothing at the end.

        Args:
            seconds: The limit; None to wait as long as it takes.

        Raises:
            OSError: The connection broke, or was cut here; ``TimeoutError`` where nothing came in time.
        """
        while True:
            try:
                return self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._more(seconds)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def receive_into(self, buffer: bytearray, seconds: float | None = None) -> int:
        """Put what has come into a buffer, as much as fits; return how many bytes, 0 at the end.

        Args:
            buffer: Where to; what was there before is gone.
            seconds: As for ``receive``.

        Raises:
            OSError: As ``receive``.
        """
        data = await self.receive(seconds)
        buffer[: len(data)] = data
        return len(data)

    async def send(self, *parts: bytes | memoryview) -> None:
        """Send all of it, as fast as the other side takes it.

        Raises:
            OSError: The connection broke, or was cut here.
        """
        with memoryview(b"".join(parts)) as view:
            for start in range(0, len(view), PIECE):
                self._tls.write(view[start : start + PIECE])
                await self._flush()

    async def end(self) -> None:
        """Say that nothing more will be sent (``close_notify``); receiving goes on."""
        with contextlib.suppress(OSError):  # it says so and would like to hear the same
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            await self._flush()

    def expect_much(self) -> None:
        """Get ready to send a long body."""
        self._stream.expect_much()

    def is_hung_up(self) -> bool:
        """Return whether the other side has closed both directions."""
        return self._stream.is_hung_up()

    def close(self) -> None:
        """Cut the connection; whoever waits at it gets a ``ConnectionAbortedError``."""
        self._stream.close()

    async def _flush(self) -> None:
        async with self._sending:  # records have to leave in their order
            while self._out.pending:
                await self._stream.send(self._out.read(PIECE))

    async def _more(self, seconds: float | None = None) -> bool:
        data = await self._stream.receive(seconds)
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()
        return bool(data)
