"""One request's way: from its head to the end of its answer."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import TYPE_CHECKING

from checker.guard.message import Allowed, Body, Denied, Reply, Request
from checker.guard.proxy.answers import message, written
from checker.guard.proxy.delivery import Delivery
from checker.guard.proxy.http1 import Malformed, TooSlow, Vanished
from checker.guard.proxy.upstream import EngineGone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from checker.guard.limits import Limits
    from checker.guard.message import Ask
    from checker.guard.proxy.http1 import Asked, Client
    from checker.guard.proxy.record import Record
    from checker.guard.proxy.room import Room, Share
    from checker.guard.proxy.rules import Route, Rules
    from checker.guard.proxy.upstream import Upstream

__all__ = ["Errand"]

_JSON = [("Content-Type", "application/json")]


class Errand:
    """Judges one request, and has it carried to the engine if it may go there.

    Args:
        client: Who asked.
        asked: What, as far as it is read.
        rules: What may go, and what happens around it.
        upstream: Where it goes.
        record: What is written down about it.
        limits: What it may take.
        room: What all errands together may have in memory.
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
        room: Room,
        settle: Callable[[], Awaitable[None]],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._client = client
        self._asked = asked
        self._rules = rules
        self._upstream = upstream
        self._record = record
        self._limits = limits
        self._room = room
        self._settle = settle
        self._fail = fail

    @property
    def is_left(self) -> bool:
        """Whether its client has gone after bytes went both ways, and that has not been dealt with yet."""
        return self._record.entry.status == 101 and self._client.stream.is_hung_up()

    async def run(self) -> bool:
        """Run it to its end; return whether another request may come on the same connection."""
        try:
            with self._room.share() as share:
                await self._go(share)
        except (Malformed, TooSlow, Vanished, EngineGone, OSError) as problem:
            await self._give_up(problem)
        except Exception as bug:  # noqa: BLE001 - whatever it is, it denies
            self._fail(bug)
            await self._give_up(bug)
        if self._client.closes:
            await self._client.linger()
        return not self._client.closes

    async def _give_up(self, problem: Exception) -> None:
        self._client.close_after()
        how, denied = _told(problem)
        if denied is None or self._client.has_begun:
            self._record.end(how, denied=denied.key if denied else "")
            self._client.stream.close()  # without the end of the answer, so that it is not taken for a whole one
            return
        with contextlib.suppress(OSError):
            await self._refuse(denied, how)

    async def _refuse(self, denied: Denied, how: str = "denied") -> None:
        body, value = message(denied)
        self._record.note(route=denied.route or self._record.entry.route, answered=value, blanks=denied.blanks)
        self._record.end(how, denied=denied.key, status=denied.status)
        await self._client.answer(denied.status, body, _JSON)

    async def _go(self, share: Share) -> None:
        route = self._rules.match(self._asked.head)
        if isinstance(route, Denied):
            await self._refuse(route)
            return
        self._record.note(route=route.name)
        if self._asked.upgrade and not (route.upgrades and route.reply is Reply.HIJACK):
            raise Malformed
        request = Request(head=self._asked.head, body=await self._body(route, share))
        await self._settle()
        ask = partial(self._upstream.ask, take=share.take)
        await self._rules.learn(request, ask)
        allowed = self._rules.judge(request)
        if isinstance(allowed, Denied):
            await self._refuse(allowed)
        else:
            await self._allowed(allowed, ask, share)

    async def _body(self, route: Route, share: Share) -> bytes:
        if route.body is Body.STREAM or not self._client.is_unread:
            return b""
        body = await self._client.read_body(route.limit or self._limits.body_bytes, share.take)
        if body and route.body is Body.NONE:
            raise Malformed("http.body_unexpected")
        return body

    async def _allowed(self, allowed: Allowed, ask: Ask, share: Share) -> None:
        self._record.note(route=allowed.route, subject=allowed.subject)
        if allowed.body:
            self._record.asked(json.loads(allowed.body), len(allowed.body))
        if allowed.answer is not None:
            status, value = allowed.answer
            self._record.answered(value, 0)
            self._record.end("done", status=status)
            await self._client.answer(status, written(value), _JSON)
            return
        exchange = self._rules.exchange(allowed, ask)
        denied = await exchange.begin()
        if denied is not None:
            await self._refuse(denied)
            return
        delivery = Delivery(
            client=self._client,
            asked=self._asked,
            allowed=allowed,
            exchange=exchange,
            record=self._record,
            limits=self._limits,
            take=share.take,
        )
        await delivery.run(self._upstream)


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
