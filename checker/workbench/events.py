"""The engine's own account of what happened, in the order in which it happened.

The stream is opened before a learner's script starts, since an engine remembers only about 256 events.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.guard.ledger import BY, SCRIPT
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from docker import DockerClient

__all__ = ["Event", "Events"]

_MARK = "kata-mark-"
PATIENCE = 30.0  # seconds for the engine to tell what it did; it may stall, with a bomb in the next lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened on the engine.

    Attributes:
        kind: ``container``, ``image``, ``network`` or ``volume``.
        action: ``create``, ``start``, ``die``, ``pull`` …
        id: Of what it happened to: a full id, or a name where Docker gives no other.
        about: Docker's attributes, such as ``image``, ``name``, ``exitCode`` and the labels.
    """

    kind: str
    action: str
    id: str
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_a_scripts(self) -> bool:
        """Whether it tells of something that a script made through its guard, of this run or another."""
        return self.about.get(BY) == SCRIPT


class Events:
    """Everything that happens on an engine from now until ``close``.

    Args:
        client: The engine.
        run: The run's id: what is made here, only to be told of, carries it and goes with the run at the latest.
    """

    def __init__(self, client: DockerClient, run: str) -> None:
        self._client = client
        self._run = run
        self._hearers: list[Callable[[Event], None]] = []
        self._seen: list[Event] = []
        self._mark = f"{_MARK}{secrets.token_hex(6)}-"  # there may be other runs on the engine, with marks of theirs
        self._marks: set[str] = set()
        self._news = threading.Condition()
        self._stream = client.api.events(decode=True)
        self._thread = threading.Thread(target=self._listen, name="kata-events", daemon=True)
        self._thread.start()

    def position(self) -> int:
        """Return where the account stands now, for ``since``."""
        self._catch_up()
        return len(self._seen)

    def since(self, position: int) -> tuple[Event, ...]:
        """Return what has happened since ``position``, complete up to this call.

        Left out are our own doings, and those of other runs.
        """
        self._catch_up()
        return tuple(event for event in self._seen[position:] if self._is_told(event))

    @contextlib.contextmanager
    def heard_by(self, hear: Callable[[Event], None]) -> Iterator[None]:
        """Let somebody hear of each event the moment it comes, and of all that come before the end of the ``with``.

        What ``since`` leaves out they do not hear of either. They are called in the thread that listens: what they do
        is done before the next event, and before ``since`` returns. Whatever they raise is theirs to lose.
        """
        self._hearers.append(hear)
        try:
            yield
            self._catch_up()
        finally:
            self._hearers.remove(hear)

    def _is_told(self, event: Event) -> bool:
        run = event.about.get("kata.run")
        return run is None or (run == self._run and event.is_a_scripts)

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(Exception):  # the stream may have ended with its engine
            self._stream.close()
        self._thread.join(2)

    def _listen(self) -> None:
        with contextlib.suppress(Exception):  # closed by us, or by an engine that went away: _catch_up notices
            for row in self._stream:
                event = _event(row)
                for hear in list(self._hearers) if self._is_told(event) else ():
                    with contextlib.suppress(Exception):
                        hear(event)
                with self._news:
                    if event.id.startswith(self._mark):
                        self._marks.add(event.id)
                    elif not event.id.startswith(_MARK):
                        self._seen.append(event)
                    self._news.notify_all()

    def _catch_up(self) -> None:
        """Make something happen and wait until it is told: everything before it has been told by then.

        Raises:
            KataError: The stream has ended, or the engine tells nothing for ``PATIENCE`` seconds.
        """
        from docker.errors import NotFound  # noqa: PLC0415 - imported late, as everywhere

        mark = f"{self._mark}{secrets.token_hex(6)}"
        try:
            self._client.api.create_volume(mark, labels={"kata.run": self._run})
        finally:  # also where somebody interrupts us
            with contextlib.suppress(NotFound):  # somebody prunes volumes
                self._client.api.remove_volume(mark)
        with self._news:
            if not self._news.wait_for(lambda: mark in self._marks, timeout=PATIENCE):
                raise KataError("engine.silent")


def _event(row: Mapping[str, Any]) -> Event:
    actor = row.get("Actor") or {}
    return Event(
        kind=str(row.get("Type", "")),
        action=str(row.get("Action", "")),
        id=str(actor.get("ID", "")),
        about={str(key): str(value) for key, value in (actor.get("Attributes") or {}).items()},
    )
