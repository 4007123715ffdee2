"""Where a submission is graded: a lab of its own, or, for work that is trusted, the engine itself.

``checker.lab`` has the labs; whatever has the same few attributes will do.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from checker.engine import Engine

__all__ = ["OnTheEngine", "Place", "Places"]


class Place(Protocol):
    """Where one submission is graded, and no other."""

    @property
    def engine(self) -> Engine:
        """The engine that its scripts see."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the process that grades in it finds in its environment."""

    @property
    def network(self) -> Path | None:
        """The file of the network namespace in which ports are reached that it publishes; None where that is ours."""

    def kill(self) -> None:
        """End everything in it at once, from outside; nothing can be graded in it afterwards."""


class Places(Protocol):
    """Where places come from."""

    def open(self) -> AbstractContextManager[Place]:
        """Return a fresh place, ready, that is gone at the end of the ``with``."""


@dataclass(frozen=True, slots=True)
class _Engine:
    """The engine as a place: what is killed is only the process that grades, which cleans up after itself."""

    engine: Engine
    network: Path | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        return self.engine.environment()

    def kill(self) -> None:
        """Do nothing: the engine is everybody's."""


@dataclass(frozen=True, slots=True)
class OnTheEngine:
    """No labs: submissions share the engine, and their scripts run as whoever grades. For work that is trusted.

    Attributes:
        engine: The engine.
    """

    engine: Engine

    @contextlib.contextmanager
    def open(self) -> Iterator[Place]:
        """Yield the engine itself."""
        yield _Engine(self.engine)
