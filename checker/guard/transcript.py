"""What was asked through a guard, and what the engine answered."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.guard.reference import reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Entry", "Transcript"]

KEPT = 10_000
"""How many entries a transcript usually keeps; a script that asks more often hardly teaches more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and its answer, as far as it has come.

    Attributes:
        number: Its place in the transcript, from 0.
        at: Seconds since the transcript began.
        method: ``POST``.
        path: The path below the version, as the client sent it: ``/containers/web/start``.
        query: The query's parameters.
        route: The route's name, ``container.start``; empty where it was none.
        subject: The full id or reference of what it is about.
        asked: The JSON that was sent to the engine; None where there was none.
        status: The answer's status; 0 while there is none.
        answered: The answer's JSON where it was read whole; None elsewhere.
        lines: The JSON objects of an answer that is a stream of them, the newest last: the first few hundred and
            the last, without those that a newer one with the same ``id`` and ``status`` replaced.
        denied: The phrase's key where the guard refused it.
        blanks: What goes into the phrase's gaps.
        sent: Bytes of body to the engine.
        received: Bytes of body from the engine.
        seconds: How long it took; so far, while it goes on.
        end: How it ended: ``done``, ``denied``, ``client`` (it went away), ``engine`` (it went away), ``limit``
            (it took too long, or too much), ``guard`` (a bug of ours); empty while it goes on.
    """

    number: int
    at: float
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    route: str = ""
    subject: str = ""
    asked: Any = None
    status: int = 0
    answered: Any = None
    lines: tuple[Mapping[str, Any], ...] = ()
    denied: str = ""
    blanks: Mapping[str, object] = field(default_factory=dict)
    sent: int = 0
    received: int = 0
    seconds: float = 0.0
    end: str = ""


_WELL = frozenset({*range(200, 400), 101})


def _nobody(entry: Entry) -> None:
    del entry  # nobody wants to know


class Transcript:
    """The entries of one guard, in the order in which they were asked; several threads may use it.

    Args:
        tell: Called with each entry when it begins, at each JSON line of its answer, and when it ends.
        kept: How many entries are kept: the first ones; later ones are only counted.
    """

    def __init__(self, tell: Callable[[Entry], None] | None = None, kept: int = KEPT) -> None:
        self._tell = tell or _nobody
        self._kept = kept
        self._began = time.monotonic()
        self._entries: dict[int, Entry] = {}
        self._count = 0
        self._lock = threading.Lock()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What has been asked so far."""
        with self._lock:
            return tuple(self._entries.values())

    @property
    def count(self) -> int:
        """How many requests there were, also those that are no longer kept."""
        return self._count

    def reserve(self) -> int:
        """Return the number of the next entry."""
        with self._lock:
            self._count += 1
            return self._count - 1

    def put(self, entry: Entry) -> None:
        """Add an entry, or replace the one of its number."""
        with self._lock:
            self._count = max(self._count, entry.number + 1)
            if entry.number < self._kept:
                self._entries[entry.number] = entry
        self._tell(entry)

    def since(self, number: int) -> Transcript:
        """Return what has been asked from a request on, as it is known now.

        ``bench.transcript.since(finished.first_request)`` is what one script asked.
        """
        later = Transcript(kept=self._kept)
        later._began = self._began
        later._count = self.count
        later._entries = {entry.number: entry for entry in self.entries if entry.number >= number}
        return later

    def asked(self, route: str) -> tuple[Entry, ...]:
        """Return what was asked on a route and let through, oldest first.

        ``transcript.asked("container.create")[0].asked["Image"]`` is what the first container was asked to be made of.
        """
        return tuple(entry for entry in self.entries if entry.route == route and not entry.denied)

    @property
    def created(self) -> tuple[str, ...]:
        """The full ids of the containers that were made, oldest first."""
        made = (entry for entry in self.asked("container.create") if entry.status == 201)
        return tuple(str(entry.answered["Id"]) for entry in made if isinstance(entry.answered, dict))

    @property
    def denials(self) -> tuple[Entry, ...]:
        """What the guard refused, oldest first; ``entry.answered["message"]`` is the sentence that was read."""
        return tuple(entry for entry in self.entries if entry.denied and entry.end == "denied")

    def pulled(self, image: str) -> bool:
        """Return whether an image was asked for at a registry, and arrived or was up to date.

        ``assert transcript.pulled("hello-world")`` knows what ``docker images`` does not: who fetched it, and when.

        Args:
            image: As a learner writes it; ``hello-world`` is ``docker.io/library/hello-world:latest``.
        """
        return self._pull(image) is not None

    def layers(self, image: str) -> tuple[str, ...]:
        """Return the short ids of the layers that an image's pull brought, in the order in which they came.

        Args:
            image: As a learner writes it.

        Returns:
            None of those that were there before; nothing where the image was not pulled.
        """
        entry = self._pull(image)
        lines = entry.lines if entry else ()
        return tuple(str(line["id"]) for line in lines if line.get("status") == "Pull complete" and "id" in line)

    def order(self, *routes: str) -> bool:
        """Return whether requests on these routes were answered well, each begun after the one before.

        ``transcript.order("image.pull", "container.create", "container.start")`` is the story of a first
        ``docker run``; what else was asked in between does not matter.
        """
        well = iter([entry.route for entry in self.entries if not entry.denied and entry.status in _WELL])
        return all(route in well for route in routes)

    def _pull(self, image: str) -> Entry | None:
        wanted = str(reference(image))
        for entry in self.asked("image.pull"):
            failed = any("error" in line or "errorDetail" in line for line in entry.lines)
            # a client may leave once it has heard how it went, before the stream has ended
            is_told = any(str(line.get("status", "")).startswith("Status: ") for line in entry.lines)
            if entry.subject == wanted and entry.status == 200 and (is_told or entry.end == "done") and not failed:
                return entry
        return None

    def since_the_beginning(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self._began
