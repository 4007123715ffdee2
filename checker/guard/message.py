"""What the guard's parts tell each other: a request, what is to become of it, and what it may ask for at all."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.phrase import Text, with_remedy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Allowed", "Ask", "Body", "Denied", "Grants", "Head", "Reply", "Request"]

Ask = Callable[[str, str, object], Awaitable[tuple[int, Any]]]
"""Asks the engine itself one thing: method, path below the version, JSON body; gives status and parsed answer."""


class Body(enum.Enum):
    """What a route's request carries."""

    NONE = "none"
    JSON = "json"
    """One JSON object, read whole (up to a limit) before it is judged."""
    STREAM = "stream"
    """Bytes of any length (a tar), passed on as they come, within a cap."""


class Reply(enum.Enum):
    """How a route's answer is passed on."""

    PASS = "pass"  # noqa: S105 - no password
    """As it comes, whatever its length: logs, tars."""
    WHOLE = "whole"
    """JSON, read whole, and handed to the exchange before the client gets it."""
    LINES = "lines"
    """A stream of JSON objects, each handed to the exchange: events, pulls, the legacy builder."""
    HIJACK = "hijack"
    """After a 101, or the 200 of a raw stream, bytes in both directions: attach, exec start, BuildKit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What a run may ask for beyond what concerns only its own objects.

    Attributes:
        work: The folder whose files and folders may be mounted, links resolved; None for none.
        images: Normalised references (``docker.io/library/redis:7``) of images that may be seen, run and pulled.
        changes: Those of them that may be untagged and removed too.
        prefixes: What the names of its own images begin with, ``kata-04-`` among others.
        allow: What the exercise teaches more: ``commit``, ``load``, ``registry``, ``host-pid``.
    """

    work: Path | None = None
    images: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ("kata-",)
    allow: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request's first line and headers, tokenised and not yet understood.

    Attributes:
        method: As it was sent, ``POST``.
        target: As it was sent, ``/v1.45/containers/create?name=x``.
        headers: Their names in lower case, in the order in which they came.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that can be judged.

    Attributes:
        head: Its first line and headers.
        body: Its whole body where the route takes JSON; empty where there is none, or it is streamed.
    """

    head: Head
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A refusal, for a learner to read.

    Attributes:
        key: The phrase that says it, ``guard.privileged``.
        blanks: What goes into its gaps.
        status: The HTTP status: 403 for what is refused, 404 for what does not exist here, 400 for what is no
            proper request.
        route: The route's name, as far as it was found.
    """

    key: str
    blanks: Mapping[str, object] = field(default_factory=dict)
    status: int = 403
    route: str = ""

    @property
    def text(self) -> Text:
        """The sentence, and what to do about it, in both languages."""
        return with_remedy(self.key).fill(self.blanks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A request that may go to the engine, written anew.

    Attributes:
        route: The route's name, ``container.create``.
        method: The method.
        target: The canonical target, ``/v1.45/containers/<full id>/start``.
        headers: All headers beside Host and the framing, written by us.
        body: The rebuilt JSON; None where there is none, or it is streamed.
        streams: Whether the client's body follows as it comes.
        reply: How the answer is passed on.
        subject: The full id or reference of what it is about; empty where it is about nothing in particular.
        answer: Status and JSON with which the guard itself answers, without asking the engine; None to ask it.
        volumes: Named volumes that have to be the run's own before this may go on.
        tags: Complete references that this gives to an image; none of them may be somebody else's before.
        written: What the client called the things whose full ids are in the target and the body, by full id.
        api: The newest API version that the answer's header ``Api-Version`` may name.
    """

    route: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    streams: bool = False
    reply: Reply = Reply.PASS
    subject: str = ""
    answer: tuple[int, Any] | None = None
    volumes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    api: str = "1.45"
