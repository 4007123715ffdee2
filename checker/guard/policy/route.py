"""What a row of the table of routes says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.guard.message import Body, Reply
from checker.guard.policy.query import Repeated
from checker.guard.policy.schema import Rule

__all__ = ["Route", "Way"]

Way = Mapping[str, Rule | Repeated]
"""The parameters that a route's query may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table.

    Attributes:
        name: What the rest of the guard calls it, ``container.create``.
        method: The method.
        path: The path below the version; ``{container}``, ``{network}``, ``{volume}``, ``{exec}`` and ``{image}`` are
            names that are looked up, and only an image's may have slashes.
        query: The rules for its parameters.
        schema: The rule for its JSON body; None where it has none.
        streams: Whether its body is a tar.
        reply: How its answer is passed on.
        grant: What an exercise has to allow for it.
        refusal: The phrase for when it does not; for a route without a grant, the phrase with which it is denied.
        answer: Status and JSON with which the guard answers in the engine's place.
        tunnel: What the client may ask to upgrade its connection to: ``tcp`` or ``h2c``.
        only_with: A parameter that makes this row the one that is meant.
    """

    name: str
    method: str
    path: str
    query: Way = field(default_factory=dict)
    schema: Rule | None = None
    streams: bool = False
    reply: Reply = Reply.PASS
    grant: str = ""
    refusal: str = ""
    answer: tuple[int, object] | None = None
    tunnel: str = ""
    only_with: str = ""

    @property
    def body(self) -> Body:
        """What its request carries."""
        return Body.JSON if self.schema else Body.STREAM if self.streams else Body.NONE

    @property
    def form(self) -> re.Pattern[str]:
        """The pattern of its path."""
        return re.compile(re.sub(r"\{(\w+)\}", _placeholder, self.path), re.ASCII)

    @property
    def slashed(self) -> re.Pattern[str]:
        """The pattern of its path with a name that has slashes: nothing is called so, and the engine says just that."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>.+)", self.path), re.ASCII)


def _placeholder(found: re.Match[str]) -> str:
    kind = found[1]
    return f"(?P<{kind}>.+)" if kind == "image" else f"(?P<{kind}>[^/]+)"
