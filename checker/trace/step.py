"""One thing that somebody says to somebody while a command runs."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from checker.phrase import Text, phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Actor", "Kind", "Section", "Stage", "Step", "sections"]


class Actor(enum.Enum):
    """Who talks, from left to right in a picture."""

    YOU = "you"
    CLIENT = "client"
    GUARD = "guard"
    SERVER = "server"
    REGISTRY = "registry"

    @property
    def text(self) -> Text:
        """What it is called."""
        return phrase(f"trace.{self.value}")


class Stage(enum.Enum):
    """The steps of ``docker run hello-world`` as the article counts them; exercise 01 adds the one in between."""

    NONE = ""
    """What is no part of running a container: lists, builds, clearing away."""
    ASK = "1"
    LOOK = "2"
    MISSING = "3"
    PULL = "3½"
    RUN = "4"

    @property
    def title(self) -> Text:
        """What the step is about."""
        return phrase(f"trace.stage_{self.name.lower()}")


class Kind(enum.Enum):
    """How a step is to be taken."""

    SAID = "said"
    FAILED = "failed"
    """The engine could not do it."""
    REFUSED = "refused"
    """The guard did not let it through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that is said.

    Attributes:
        source: Who says it.
        target: To whom; the same as ``source`` for what somebody does by themselves.
        text: What is said, in both languages.
        stage: The article's step it belongs to.
        kind: How it is to be taken.
        at: When it was said, in seconds since the transcript began.
        more: Lines that belong under it: the layers of a pull.
    """

    source: Actor
    target: Actor
    text: Text
    stage: Stage = Stage.NONE
    kind: Kind = Kind.SAID
    at: float = 0.0
    more: tuple[Text, ...] = ()

    def with_more(self, more: tuple[Text, ...]) -> Step:
        """Return the step with lines under it."""
        return replace(self, more=more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Steps of one stage that follow one another.

    Attributes:
        stage: Their stage.
        steps: The steps.
        seconds: From its first step to the next section's, or to its own last one where none follows.
    """

    stage: Stage
    steps: tuple[Step, ...]
    seconds: float


def sections(steps: Sequence[Step]) -> tuple[Section, ...]:
    """Return the steps by stage, in the order in which they were said."""
    groups = [tuple(group) for _, group in groupby(steps, key=lambda step: step.stage)]
    ends = [*(group[0].at for group in groups[1:]), steps[-1].at if steps else 0.0]
    return tuple(
        Section(stage=group[0].stage, steps=group, seconds=max(end - group[0].at, 0.0))
        for group, end in zip(groups, ends, strict=False)
    )
