"""Carries a request that may go to the engine there, and its answer back."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from checker.guard.message import Reply
from checker.guard.proxy.answers import framing, passed, written
from checker.guard.proxy.http1 import WITHOUT_BODY, Vanished
from checker.guard.proxy.lines import objects
from checker.guard.proxy.tunnel import tunnel
from checker.guard.proxy.upstream import EngineGone, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import TypeVar

    from checker.guard.limits import Limits
    from checker.guard.message import Allowed
    from checker.guard.proxy.http1 import Asked, Client
    from checker.guard.proxy.record import Record
    from checker.guard.proxy.rules import Exchanging
    from checker.guard.proxy.upstream import Answer, Call, Upstream

    T = TypeVar("T")

__all__ = ["Delivery"]

_LONG = frozenset({
    "container.attach_ws",
    "container.commit",
    "container.export",
    "container.logs",
    "container.read",
    "container.restart",
    "container.stats",
    "container.stop",
    "container.wait",
    "image.build",
    "image.import",
    "image.load",
    "image.pull",
    "image.push",
    "image.save",
    "system.events",
})  # fmt: skip
"""Routes whose answer may be silent for as long as something takes."""


class Delivery:
    """One request on its way.

    Args:
        client: Who asked.
        asked: What was asked, as far as the connection is concerned.
        allowed: What goes to the engine instead.
        exchange: What happens around it.
        record: What is written down about it.
        limits: What it may take.
        take: Told how many bytes of an answer are read whole; it may refuse them.
    """

    def __init__(  # noqa: PLR0913 - each is another collaborator
        self,
        *,
        client: Client,
        asked: Asked,
        allowed: Allowed,
        exchange: Exchanging,
        record: Record,
        limits: Limits,
        take: Callable[[int], None],
    ) -> None:
        self._client = client
        self._asked = asked
        self._allowed = allowed
        self._exchange = exchange
        self._record = record
        self._limits = limits
        self._take = take
        self._is_long = allowed.route in _LONG or allowed.reply is Reply.HIJACK or allowed.streams
        self._learnt = False

    async def run(self, upstream: Upstream) -> None:
        """Send it, and pass its answer on; whatever happens, its exchange comes to an end.

        Raises:
            EngineGone: The engine went away, or did not answer as one.
            Malformed: What was still to come of the request was none.
            OSError: The client's connection broke.
            TooSlow: What was still to come did not come in time.
            Vanished: The client went away.
        """
        try:
            call = await upstream.call()
            try:
                await self._run(call)
            finally:
                call.close()
        finally:
            await self._learn()

    async def _learn(self, answer: Any = None) -> Any:  # noqa: ANN401 - any JSON
        """Let what has to happen after the request happen, once; return what the client gets of the answer."""
        if self._learnt:
            return answer
        self._learnt = True
        return await self._exchange.end(self._record.entry.status, answer)

    async def _run(self, call: Call) -> None:
        await self._ask(call)
        side = self._watch(call)
        try:
            answer = await _beside(call.answer(None if self._is_long else self._limits.answer), side)
            self._record.note(status=answer.status)
            if self._allowed.reply is Reply.HIJACK and (answer.status == 101 or _is_raw(answer)):
                await _stop(side)
                await self._tunnel(call, answer)
            else:
                await _beside(self._pass(call, answer), side)
        finally:
            await _stop(side)

    async def _ask(self, call: Call) -> None:
        allowed = self._allowed
        headers = (*allowed.headers, *framing(allowed, self._asked))
        try:
            await call.ask(allowed.method, allowed.target, headers, allowed.body)
            if not allowed.streams:
                await call.finish()
        except OSError as error:
            raise EngineGone(str(error)) from error
        self._record.count(len(allowed.body or b""), 0)

    def _watch(self, call: Call) -> asyncio.Task[None] | None:
        """Start what goes on beside the answer.

        A short request runs to its end also where its client does not wait for it: what it makes has to be known.
        """
        if self._allowed.reply is Reply.WHOLE and not self._is_long:
            return None
        return asyncio.create_task(self._side(call))

    async def _side(self, call: Call) -> None:
        """Send the body where it is streamed; then notice when the client goes away."""
        if self._allowed.streams:
            await self._send_body(call)
        await self._client.gone()
        raise Vanished

    async def _send_body(self, call: Call) -> None:
        async for parts in self._client.body(self._limits.stream_bytes, self._limits.stalled):
            try:
                await call.piece(*parts)
            except OSError:  # the engine has heard enough; what it says about it is on its way
                await asyncio.Event().wait()
            self._record.count(sum(map(len, parts)), 0)
        with contextlib.suppress(OSError):
            await call.finish()

    async def _tunnel(self, call: Call, answer: Answer) -> None:
        self._client.close_after()
        headers = passed(answer, self._allowed.api)
        if answer.status == 101:
            headers += [("Connection", "Upgrade"), ("Upgrade", self._asked.upgrade)]
        await self._client.start(answer.status, headers)
        early = call.early()
        if early:
            self._exchange.answer_on(early)
            await self._client.stream.send(early)
        early = self._client.early()
        if early:
            await call.stream.send(self._exchange.ask_on(early))
        end = await tunnel(self._client.stream, call.stream, self._limits, ask=self._ask_on, answer=self._answer_on)
        await self._learn()
        self._record.end(end)

    def _ask_on(self, piece: memoryview) -> bytes | memoryview:
        self._record.count(len(piece), 0)
        return self._exchange.ask_on(piece)

    def _answer_on(self, piece: memoryview) -> memoryview:
        self._record.count(0, len(piece))
        self._exchange.answer_on(piece)
        return piece

    async def _pass(self, call: Call, answer: Answer) -> None:
        if answer.status >= 400 or self._allowed.reply is Reply.WHOLE:
            await self._pass_whole(call, answer)
        elif self._allowed.reply is Reply.LINES:
            await self._pass_lines(call, answer)
        else:
            await self._pass_pieces(call, answer)

    async def _pass_whole(self, call: Call, answer: Answer) -> None:
        content = await call.whole(self._limits.answer_bytes, self._take)
        self._record.count(0, len(content))
        value = parsed(answer, content)
        if content and value is None:
            if answer.status < 400:
                raise EngineGone("not JSON")
            value = {"message": content.decode(errors="replace")}
        value = await self._learn(value)
        body = written(value)
        if value is not None:
            self._record.answered(value, len(body))
        self._record.end("done")
        del content, value  # who reads slowly keeps no more than the answer itself
        headers = [pair for pair in passed(answer, self._allowed.api) if pair[0] != "Content-Type"]
        await self._client.answer(answer.status, body, [*headers, ("Content-Type", "application/json")])

    async def _pass_lines(self, call: Call, answer: Answer) -> None:
        await self._client.start(answer.status, [*passed(answer, self._allowed.api), _CHUNKED])
        pieces = call.pieces(None if self._is_long else self._limits.stalled)
        async for value in objects(pieces, self._limits.line_bytes):
            shown = self._exchange.line(value)
            if shown is not None:
                await self._pass_line(shown)
        await self._finish(chunked=True)

    async def _pass_line(self, value: dict[str, Any]) -> None:
        body = written(value)
        self._record.count(0, len(body))
        self._record.line(value, len(body))
        await self._client.piece(body, chunked=True)

    async def _pass_pieces(self, call: Call, answer: Answer) -> None:
        head_only = self._asked.head.method == "HEAD"
        frame, chunked = _frame(answer, head_only=head_only)
        left = 0 if head_only or answer.status in WITHOUT_BODY else answer.length
        if left == 0:
            await self._end()
        await self._client.start(answer.status, [*passed(answer, self._allowed.api), *frame])
        async for piece in call.pieces(None if self._is_long else self._limits.stalled):
            self._record.count(0, len(piece))
            left = None if left is None else left - len(piece)
            if left == 0:
                await self._end()
            await self._client.piece(piece, chunked=chunked)
        await self._finish(chunked=chunked)

    async def _finish(self, *, chunked: bool) -> None:
        await self._end()
        await self._client.finish(chunked=chunked)

    async def _end(self) -> None:
        """Learn and write down what happened, before the client knows that it has got everything."""
        await self._learn()
        self._record.end("done")


_CHUNKED = ("Transfer-Encoding", "chunked")


def _frame(answer: Answer, *, head_only: bool) -> tuple[list[tuple[str, str]], bool]:
    """Return the headers that say where an answer's body ends, and whether it comes in chunks."""
    if answer.status in WITHOUT_BODY:
        return [], False
    if answer.length is not None:
        return [("Content-Length", str(answer.length))], False
    return ([], False) if head_only else ([_CHUNKED], True)


def _is_raw(answer: Answer) -> bool:
    """Return whether an old client's connection is hijacked, without a 101."""
    return answer.status == 200 and not answer.is_framed and answer.kind.startswith("application/vnd.docker.")


async def _beside(main: Coroutine[Any, Any, T], side: asyncio.Task[None] | None) -> T:
    """Return what ``main`` returns, or raise what ``side`` raises before."""
    if side is None:
        return await main
    task = asyncio.create_task(main)
    try:
        await asyncio.wait((task, side), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            side.result()
        return await task
    finally:
        task.cancel()
        with contextlib.suppress(BaseException):
            await task


async def _stop(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
