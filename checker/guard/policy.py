"""The whole policy: which requests go to the engine, and in what form. Pure, and everything unknown is denied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.guard.ledger import Ledger
    from checker.guard.message import Allowed, Body, Denied, Grants, Head, Reply, Request

__all__ = ["Matched", "judge", "match", "needs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What is known of a request before its body is read.

    Attributes:
        name: The route's name, ``container.create``.
        body: What its body is.
        reply: How its answer is passed on.
        limit: The greatest size of its body in bytes; 0 where it has none.
        upgrades: Whether the client may ask for an upgrade of the connection on this route.
    """

    name: str
    body: Body
    reply: Reply
    limit: int
    upgrades: bool = False


def match(head: Head) -> Matched | Denied:
    """Return which route a request takes, from its first line and headers alone."""
    raise NotImplementedError


def needs(request: Request) -> tuple[str, ...]:
    """Return images named in the request that have to be looked up before it can be judged (``exchange.learn``)."""
    raise NotImplementedError


def judge(
    request: Request,
    ledger: Ledger,
    grants: Grants,
    resolve: Callable[[str], str] = ...,  # type: ignore[assignment]
) -> Allowed | Denied:
    """Return the request as it may go to the engine, or the sentence with which it is refused."""
    raise NotImplementedError
