"""Serves clients: one request after the other on each connection, each on its own way to the engine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import sys
from typing import TYPE_CHECKING

from checker.guard.proxy.answers import message
from checker.guard.proxy.errand import Errand
from checker.guard.proxy.http1 import Client, Malformed, TooSlow, Vanished
from checker.guard.proxy.record import Record
from checker.guard.proxy.room import Room
from checker.guard.proxy.stream import Plain

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from checker.guard.limits import Limits
    from checker.guard.message import Head
    from checker.guard.proxy.http1 import Asked
    from checker.guard.proxy.rules import Rules
    from checker.guard.proxy.upstream import Upstream
    from checker.guard.transcript import Transcript

__all__ = ["RESERVE", "Proxy"]

_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
RESERVE = 64
"""Open files that are left to the rest of the process."""

_PAUSE = 0.05  # seconds before accepting again where the machine has no room


class Proxy:
    """Everything that one guard's loop does.

    Args:
        listener: The listening socket, which belongs to the proxy from now on.
        rules: What may go to the engine.
        upstream: The way there.
        transcript: What is asked is written into it.
        limits: What clients may take.
        fail: Told of an exception that is a bug of ours.
    """

    def __init__(  # noqa: PLR0913 - each is another collaborator
        self,
        *,
        listener: socket.socket,
        rules: Rules,
        upstream: Upstream,
        transcript: Transcript,
        limits: Limits,
        fail: Callable[[BaseException], None],
    ) -> None:
        self._listener = listener
        self._rules = rules
        self._upstream = upstream
        self._transcript = transcript
        self._limits = limits
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[asyncio.Task[None], Plain] = {}
        self._waiting: dict[Plain, None] = {}  # between two requests, or not even at the first; the oldest first
        self._errands: dict[Errand, asyncio.Event] = {}
        self._places = min(limits.connections, _places())
        self._kept = limits.kept_bytes
        self._room = Room(limits.whole_bytes)
        self._closed = False
        listener.settimeout(0)
        self._loop.add_reader(listener.fileno(), self._accept)

    def close_door(self) -> None:
        """Stop listening and cut every connection, at once."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        for stream in self._tasks.values():
            stream.close()

    async def settle(self) -> None:
        """Wait until what was under way when the door closed has been dealt with, within its limit."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=self._limits.closing)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self) -> None:
        try:
            connected, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._without_room()
            return
        if len(self._tasks) >= self._places and not self._make_room():
            connected.close()
            self._record(None).end("limit", status=0)
            return
        stream = Plain(connected)
        task = self._loop.create_task(self._serve(stream))
        self._tasks[task] = stream
        task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self._fail(task.exception() or RuntimeError())

    def _make_room(self) -> bool:
        """Cut the connection that has been waiting longest for something to do; return whether there was one."""
        oldest = next(iter(self._waiting), None)
        if oldest is None:
            return False
        del self._waiting[oldest]
        oldest.close()
        return True

    def _without_room(self) -> None:
        """Make room, or leave who knocks outside for a moment instead of asking again and again."""
        if self._make_room():
            return
        number = self._listener.fileno()
        self._loop.remove_reader(number)
        self._loop.call_later(_PAUSE, self._accept_again)

    def _accept_again(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    async def _serve(self, stream: Plain) -> None:
        client = Client(stream, self._limits)
        try:
            while await self._next(client, stream):
                pass
        finally:
            self._waiting.pop(stream, None)
            stream.close()

    async def _next(self, client: Client, stream: Plain) -> bool:
        """Serve one request; return whether there may be another."""
        self._waiting[stream] = None
        try:
            if not await client.wait():
                return False
            asked = await client.read_head()
        except (Malformed, TooSlow) as problem:
            await self._turn_away(client, problem)
            return False
        except (Vanished, OSError, TimeoutError):
            return False
        finally:
            self._waiting.pop(stream, None)
        return await self._run(client, asked)

    async def _run(self, client: Client, asked: Asked) -> bool:
        errand = Errand(
            client=client,
            asked=asked,
            rules=self._rules,
            upstream=self._upstream,
            record=self._record(asked.head),
            limits=self._limits,
            room=self._room,
            settle=self._dealt_with,
            fail=self._fail,
        )
        self._errands[errand] = asyncio.Event()
        try:
            return await errand.run()
        finally:
            self._errands.pop(errand).set()

    async def _turn_away(self, client: Client, problem: Malformed | TooSlow) -> None:
        """Answer what never became a request, and cut."""
        denied = problem.denied()
        body, value = message(denied)
        how = "limit" if denied.status in {408, 431} else "denied"
        self._record(None).end(how, denied=denied.key, status=denied.status, answered=value)
        client.close_after()
        with contextlib.suppress(OSError):
            await client.answer(denied.status, body, [("Content-Type", "application/json")])
        await client.linger()

    async def _dealt_with(self) -> None:
        """Wait until what has come of tunnels is known that their clients have left: a build, perhaps.

        A client that ends is seen to end before the next one is heard, but what follows from it takes longer.
        """
        for errand, done in tuple(self._errands.items()):
            if errand.is_left:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), self._limits.closing)

    def _record(self, head: Head | None) -> Record:
        return Record(self._transcript, head, self._has_room)

    def _has_room(self, size: int) -> bool:
        """Return whether the transcript may keep so many bytes of JSON more."""
        if size > self._kept:
            return False
        self._kept -= size
        return True


def _places() -> int:
    """Return how many clients the process has files for: each needs one more, to the engine."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (files - RESERVE) // 2) if files != resource.RLIM_INFINITY else sys.maxsize
