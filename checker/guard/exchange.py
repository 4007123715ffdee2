"""One request that was let through, and its answer: what becomes the run's own, and what a script gets to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.guard.ledger import Ledger
    from checker.guard.message import Allowed, Ask, Denied, Grants, Request

__all__ = ["Exchange", "learn"]


async def learn(request: Request, ledger: Ledger, grants: Grants, ask: Ask) -> None:
    """Look up whatever ``judge`` has to know about the images that a request names; before each ``judge``."""
    raise NotImplementedError


class Exchange:
    """Accompanies one allowed request.

    Args:
        allowed: The request.
        ledger: What belongs to the run.
        grants: What the run may see.
        ask: Asks the engine one thing more.
    """

    def __init__(self, allowed: Allowed, ledger: Ledger, grants: Grants, ask: Ask) -> None:
        self.allowed = allowed

    async def begin(self) -> Denied | None:
        """Prepare what the request needs; before it goes to the engine, and not where ``allowed.answer`` is set."""
        raise NotImplementedError

    async def end(self, status: int, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """Return the answer as the client may see it; once for each request whose ``begin`` gave None.

        Args:
            status: The engine's status; 0 where the engine or the client went away before there was one.
            answer: The answer's JSON where the route's reply is ``WHOLE``, or the status is 400 or more (then
                ``{"message": …}`` on every route); None for the end of a stream, a tunnel, or an empty answer.
        """
        raise NotImplementedError

    def line(self, obj: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """Return one object of a stream as the client may see it; None where it may not."""
        raise NotImplementedError
