"""Bytes both ways, after a connection has been hijacked."""

from __future__ import annotations

import asyncio
import enum
from typing import TYPE_CHECKING

from checker.guard.limits import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.guard.limits import Limits
    from checker.guard.proxy.stream import Stream

__all__ = ["tunnel"]

_LOOK = 0.5  # seconds after which it is asked again whether somebody is still there


class _End(enum.Enum):
    """Why a direction ended."""

    EOF = "what sends said that nothing more comes"
    GONE = "and it takes nothing more either"
    SOURCE = "what sends broke"
    TARGET = "what receives takes no more"
    FULL = "more went through than may"


async def tunnel(
    client: Stream,
    engine: Stream,
    limits: Limits,
    *,
    ask: Callable[[memoryview], bytes | memoryview],
    answer: Callable[[memoryview], bytes | memoryview],
) -> str:
    """Pass bytes both ways until both directions have ended; who ends only one of them goes on hearing the other.

    Of each direction at most one piece is held here: who sends waits for who receives.

    Args:
        client: Who asked.
        engine: Who answered.
        limits: What may go through.
        ask: Hears each piece of the client's and returns what the engine gets now; it must keep none.
        answer: The same the other way.

    Returns:
        How it ended, as ``Entry.end`` has it.
    """
    up = asyncio.create_task(_pump(client, engine, limits, ask))
    down = asyncio.create_task(_pump(engine, client, limits, answer))
    try:
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        return await _until_over(client, engine, limits, up, down)
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _pump(
    source: Stream, target: Stream, limits: Limits, hear: Callable[[memoryview], bytes | memoryview]
) -> _End:
    buffer, size = bytearray(PIECE), 0
    view = memoryview(buffer)
    while True:
        try:
            length = await source.receive_into(buffer)
        except OSError:
            await target.end()
            return _End.SOURCE
        if not length:
            gone = source.is_hung_up()
            await target.end()
            return _End.GONE if gone else _End.EOF
        size += length
        if size > limits.stream_bytes:
            return _End.FULL
        passed = hear(view[:length])
        try:
            await target.send(passed)
        except OSError:
            return _End.TARGET


async def _until_over(
    client: Stream, engine: Stream, limits: Limits, up: asyncio.Task[_End], down: asyncio.Task[_End]
) -> str:
    while not (up.done() and down.done()):
        ends = {task: task.result() for task in (up, down) if task.done()}
        if _End.FULL in ends.values():
            return "limit"
        if ends.get(up) in _LEFT or ends.get(down) is _End.TARGET or (up in ends and client.is_hung_up()):
            return "client"
        if down in ends and engine.is_hung_up():
            await asyncio.wait((up,), timeout=limits.linger)  # nobody hears what the client might still say
            return "done"
        await asyncio.wait({up, down} - ends.keys(), timeout=_LOOK)
    if _End.FULL in {up.result(), down.result()}:
        return "limit"
    return "client" if up.result() in _LEFT else "done"


_LEFT = frozenset({_End.SOURCE, _End.GONE})
