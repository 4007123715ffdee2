"""What the proxy asks of the policy, so that each can be tried without the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from checker.guard import exchange, policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from checker.guard.ledger import Ledger
    from checker.guard.message import Allowed, Ask, Body, Denied, Grants, Head, Reply, Request

__all__ = ["Exchanging", "Route", "Rules"]


class Route(Protocol):
    """What is known of a request by its first line and headers."""

    @property
    def name(self) -> str:
        """The route's name, ``container.create``."""

    @property
    def body(self) -> Body:
        """What it carries."""

    @property
    def reply(self) -> Reply:
        """How its answer is passed on."""

    @property
    def limit(self) -> int:
        """How many bytes its body may have; 0 where it has no limit of its own."""

    @property
    def upgrades(self) -> bool:
        """Whether its connection may become a tunnel."""


class Exchanging(Protocol):
    """What has to happen around one request that may go to the engine."""

    async def begin(self) -> Denied | None:
        """Do what has to be there before; None to go on."""

    async def end(self, status: int, answer: Any) -> Any:  # noqa: ANN401 - any JSON
        """Learn from the answer, and return what the client gets of it."""

    def line(self, obj: dict[str, Any]) -> dict[str, Any] | None:
        """Learn from one object of an answer that is a stream of them; None to keep it back."""

    def ask_on(self, piece: bytes | memoryview) -> bytes | memoryview:
        """Return what the engine hears of a piece that the client says in a tunnel."""

    def answer_on(self, piece: bytes | memoryview) -> None:
        """Hear a piece of what the engine says in a tunnel, before the client does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The policy of one guard.

    Attributes:
        match: Finds a request's route by its head.
        learn: Looks up what has to be known before a request can be judged.
        judge: Judges it.
        exchange: Makes what has to happen around it.
    """

    match: Callable[[Head], Route | Denied]
    learn: Callable[[Request, Ask], Awaitable[None]]
    judge: Callable[[Request], Allowed | Denied]
    exchange: Callable[[Allowed, Ask], Exchanging]

    @classmethod
    def of(cls, ledger: Ledger, grants: Grants) -> Rules:
        """Return the policy for a run that owns what is in the ledger."""
        return cls(
            match=policy.match,
            learn=lambda request, ask: exchange.learn(request, ledger, grants, ask),
            judge=lambda request: policy.judge(request, ledger, grants),
            exchange=lambda allowed, ask: exchange.Exchange(allowed, ledger, grants, ask),
        )
