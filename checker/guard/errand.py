"""One request's way: from its head to the end of its answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from checker.guard.answers import framing, message, passed
from checker.guard.http1 import Malformed, TooSlow, Vanished
from checker.guard.lines import objects
from checker.guard.message import Allowed, Body, Denied, Reply, Request
from checker.guard.tunnel import tunnel
from checker.guard.upstream import EngineGone, parsed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import TypeVar

    from checker.guard.http1 import Asked, Client
    from checker.guard.limits import Limits
    from checker.guard.record import Record
    from checker.guard.rules import Exchanging, Route, Rules
    from checker.guard.upstream import Answer, Call, Upstream

    T = TypeVar("T")

__all__ = ["Errand"]

_LONG = frozenset({
    "build",
    "build.legacy",
    "container.attach",
    "container.commit",
    "container.logs",
    "container.restart",
    "container.stats",
    "container.stop",
    "container.wait",
    "events",
    "exec.start",
    "image.commit",
    "image.import",
    "image.load",
    "image.pull",
    "image.push",
    "image.save",
})  # fmt: skip
"""Routes whose answer may be silent for as long as something takes."""


class Errand:
    """Carries one request to the engine, if it may go there, and its answer back.

    Args:
        client: Who asked.
        asked: What, as far as it is read.
        rules: What may go, and what happens around it.
        upstream: Where it goes.
        record: What is written down about it.
        limits: What it may take.
        settle: Waited for before it is judged: what is still to be learnt from others.
        fail: Told of an exception that is a bug of ours.
    """

    def __init__(  # noqa: PLR0913 - each is another collaborator
        self,
        *,
        client: Client,
        asked: Asked,
        rules: Rules,
        upstream: Upstream,
        record: Record,
        limits: Limits,
        settle: Callable[[], Awaitable[None]],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._client = client
        self._asked = asked
        self._rules = rules
        self._upstream = upstream
        self._record = record
        self._limits = limits
        self._settle = settle
        self._fail = fail
        self._started = False  # whether the client has got the head of an answer
        self._open = asked.length != 0  # whether something of the request's body may still come
        self._closes = asked.closes
        self._exchange: Exchanging | None = None
        self._status = 0
        self._learnt = False

    @property
    def is_left(self) -> bool:
        """Whether its client has gone after bytes went both ways, and that has not been dealt with yet."""
        return self._status == 101 and self._client.stream.is_hung_up()

    async def run(self) -> bool:
        """Run it to its end; return whether another request may come on the same connection."""
        try:
            await self._go()
        except (Malformed, TooSlow, Vanished, EngineGone, OSError) as problem:
            await self._give_up(problem)
        except Exception as bug:  # noqa: BLE001 - whatever it is, it denies
            self._fail(bug)
            await self._give_up(bug)
        if self._closes:
            await self._client.linger()
        return not self._closes

    async def _give_up(self, problem: Exception) -> None:
        self._closes = True
        how, denied = _told(problem)
        if denied is None or self._started:
            self._record.end(how, denied=denied.key if denied else "")
            self._client.stream.close()  # without the end of the answer, so that it is not taken for a whole one
            return
        with contextlib.suppress(OSError):
            await self._refuse(denied, how)

    async def _refuse(self, denied: Denied, how: str = "denied") -> None:
        self._closes = self._closes or self._open
        body, value = message(denied)
        self._record.note(route=denied.route or self._record.entry.route, answered=value)
        self._record.end(how, denied=denied.key, status=denied.status)
        await self._reply(denied.status, body, [("Content-Type", "application/json")])

    async def _reply(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        self._started = True
        if self._closes:
            headers = [*headers, ("Connection", "close")]
        without = self._asked.head.method == "HEAD" or status in {204, 304}
        await self._client.answer(status, body, headers, without_body=without)

    async def _go(self) -> None:
        route = self._rules.match(self._asked.head)
        if isinstance(route, Denied):
            await self._refuse(route)
            return
        self._record.note(route=route.name)
        if self._asked.upgrade and not (route.upgrades and route.reply is Reply.HIJACK):
            raise Malformed
        request = Request(head=self._asked.head, body=await self._body(route))
        await self._settle()
        await self._rules.learn(request, self._upstream.ask)
        allowed = self._rules.judge(request)
        if isinstance(allowed, Denied):
            await self._refuse(allowed)
            return
        self._record.note(route=allowed.route, subject=allowed.subject)
        await self._allowed(allowed)

    async def _body(self, route: Route) -> bytes:
        if route.body is Body.STREAM:
            return b""
        if not self._open:
            return b""
        if self._asked.expects:
            await self._client.go_on()
        body = await self._client.read_body(route.limit or self._limits.body_bytes)
        self._open = False
        if body and route.body is Body.NONE:
            raise Malformed("http.body_unexpected")
        return body

    async def _allowed(self, allowed: Allowed) -> None:
        if allowed.body:
            self._record.asked(json.loads(allowed.body), len(allowed.body))
        if allowed.answer is not None:
            await self._whole_reply(*allowed.answer, [])
            return
        self._exchange = self._rules.exchange(allowed, self._upstream.ask)
        denied = await self._exchange.begin()
        if denied is not None:
            await self._refuse(denied)
            return
        try:
            await self._call(allowed)
        finally:
            await self._learn()

    async def _learn(self, answer: Any = None) -> Any:  # noqa: ANN401 - any JSON
        """Let what has to happen after the request happen, once; return what the client gets of the answer."""
        if self._exchange is None or self._learnt:
            return answer
        self._learnt = True
        return await self._exchange.end(self._status, answer)

    async def _call(self, allowed: Allowed) -> None:
        call = await self._upstream.call()
        side: asyncio.Task[None] | None = None
        try:
            await self._ask(call, allowed)
            long = allowed.route in _LONG or allowed.reply is Reply.HIJACK or allowed.streams
            if long or allowed.reply is not Reply.WHOLE:
                side = asyncio.create_task(self._side(call, streams=allowed.streams))
            answer = await _beside(call.answer(None if long else self._limits.answer), side)
            self._status = answer.status
            self._record.note(status=answer.status)
            if allowed.reply is Reply.HIJACK and (answer.status == 101 or _is_raw(answer)):
                await _stop(side)
                await self._tunnel(call, answer)
            else:
                await _beside(self._pass(call, answer, allowed, long=long), side)
        finally:
            await _stop(side)
            call.close()

    async def _ask(self, call: Call, allowed: Allowed) -> None:
        headers = [*allowed.headers, *framing(allowed, self._asked)]
        try:
            await call.ask(allowed.method, allowed.target, tuple(headers), allowed.body)
            if not allowed.streams:
                await call.finish()
        except OSError as error:
            raise EngineGone(str(error)) from error
        self._record.count(len(allowed.body or b""), 0)

    async def _side(self, call: Call, *, streams: bool) -> None:
        """Send the body where it is streamed; then notice when the client goes away."""
        if streams:
            await self._send_body(call)
        await self._client.gone()
        raise Vanished

    async def _send_body(self, call: Call) -> None:
        if self._asked.expects and self._open:
            await self._client.go_on()
        pieces = self._client.body(self._limits.stream_bytes)
        while (piece := await self._next(pieces)) is not None:
            try:
                await call.piece(piece)
            except OSError:  # the engine has heard enough; what it says about it is on its way
                await asyncio.Event().wait()
            self._record.count(len(piece), 0)
        self._open = False
        with contextlib.suppress(OSError):
            await call.finish()

    async def _next(self, pieces: Any) -> bytes | None:  # noqa: ANN401 - an asynchronous generator
        try:
            async with asyncio.timeout(self._limits.stalled):
                piece: bytes | None = await anext(pieces, None)
        except TimeoutError as error:
            raise TooSlow from error
        return piece

    async def _tunnel(self, call: Call, answer: Answer) -> None:
        self._closes = self._started = True
        headers = passed(answer)
        if answer.status == 101:
            headers += [("Connection", "Upgrade"), ("Upgrade", self._asked.upgrade)]
        await self._client.start(answer.status, headers)
        for target, early in ((self._client.stream, call.early()), (call.stream, self._client.early())):
            if early:
                await target.send(early)
        end = await tunnel(self._client.stream, call.stream, self._limits, self._record.count)
        await self._learn()
        self._record.end(end)

    async def _pass(self, call: Call, answer: Answer, allowed: Allowed, *, long: bool) -> None:
        if answer.status >= 400 or allowed.reply is Reply.WHOLE or self._asked.head.method == "HEAD":
            await self._pass_whole(call, answer)
        elif allowed.reply is Reply.LINES:
            await self._pass_lines(call, answer, long=long)
        else:
            await self._pass_pieces(call, answer, long=long)

    async def _pass_whole(self, call: Call, answer: Answer) -> None:
        content = await call.whole(self._limits.answer_bytes)
        self._record.count(0, len(content))
        value = parsed(answer, content)
        if content and value is None:
            if answer.status < 400:
                raise EngineGone("not JSON")
            value = {"message": content.decode(errors="replace")}
        value = await self._learn(value)
        await self._whole_reply(answer.status, value, passed(answer))

    async def _whole_reply(self, status: int, value: Any, headers: list[tuple[str, str]]) -> None:  # noqa: ANN401
        body = b"" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if value is not None:
            self._record.answered(value, len(body))
            headers = [*(pair for pair in headers if pair[0] != "Content-Type"), ("Content-Type", "application/json")]
        self._closes = self._closes or self._open
        self._record.end("done", status=status)
        await self._reply(status, body, headers)

    async def _pass_lines(self, call: Call, answer: Answer, *, long: bool) -> None:
        await self._begin(answer, [("Transfer-Encoding", "chunked")])
        pieces = call.pieces(None if long else self._limits.stalled)
        async for value in objects(pieces, self._limits.line_bytes):
            shown = self._exchange.line(value) if self._exchange else value
            if shown is None:
                continue
            body = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode() + b"\r\n"
            self._record.line(shown)
            self._record.count(0, len(body))
            await self._client.piece(body, chunked=True)
        await self._finish(chunked=True)

    async def _pass_pieces(self, call: Call, answer: Answer, *, long: bool) -> None:
        chunked = answer.length is None and answer.status not in {204, 304}
        frame = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(answer.length or 0))
        await self._begin(answer, [] if answer.status in {204, 304} else [frame])
        async for piece in call.pieces(None if long else self._limits.stalled):
            self._record.count(0, len(piece))
            await self._client.piece(piece, chunked=chunked)
        await self._finish(chunked=chunked)

    async def _begin(self, answer: Answer, frame: list[tuple[str, str]]) -> None:
        self._closes = self._closes or self._open
        self._started = True
        closing = [("Connection", "close")] if self._closes else []
        await self._client.start(answer.status, [*passed(answer), *frame, *closing])

    async def _finish(self, *, chunked: bool) -> None:
        await self._learn()
        self._record.end("done")
        if chunked:
            await self._client.stream.send(b"0\r\n\r\n")


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


def _told(problem: Exception) -> tuple[str, Denied | None]:
    """Return how a request ends by a problem, and what the client is told."""
    match problem:
        case Malformed():
            how = "limit" if problem.status in {413, 431} else "denied"
            return how, problem.denied()
        case TooSlow():
            return "limit", problem.denied()
        case EngineGone():
            return "engine", Denied(key="http.engine_gone", blanks={"detail": str(problem)}, status=502)
        case Vanished() | OSError():
            return "client", None
        case _:
            return "guard", Denied(key="http.bug", blanks={"detail": type(problem).__name__}, status=500)
