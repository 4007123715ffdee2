"""Writes one request into the transcript, from its beginning to its end."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from checker.guard.transcript import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.guard.message import Head
    from checker.guard.transcript import Transcript

__all__ = ["Record"]

_VERSION = re.compile(r"/v[0-9]+\.[0-9]+(?=/)")
_LINES = 300
_WRITTEN = 2000  # characters of a path or a query that are kept


class Record:
    """One entry, while it is being written.

    Args:
        transcript: What it is written into.
        head: The request's; None where not even that could be read.
        room: Asked for each JSON text whether there is room to keep so many bytes of it.
    """

    def __init__(self, transcript: Transcript, head: Head | None, room: Callable[[int], bool]) -> None:
        self._transcript = transcript
        self._room = room
        self._began = time.monotonic()
        self._sent = self._received = 0
        self._kept: list[tuple[dict[str, Any], int]] = []  # the lines, and how many bytes each is
        path, _, query = (head.target if head else "").partition("?")
        self._entry = Entry(
            number=transcript.reserve(),
            at=transcript.since_the_beginning(),
            method=head.method if head else "",
            path=_VERSION.sub("", path, count=1)[:_WRITTEN],
            query=dict(parse_qsl(query[:_WRITTEN], keep_blank_values=True)),
        )
        transcript.put(self._entry)

    @property
    def entry(self) -> Entry:
        """What has been written so far."""
        self.note()
        return self._entry

    def note(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of Entry
        """Write something down that is told with what comes next."""
        self._entry = replace(self._entry, sent=self._sent, received=self._received, **changes)

    def count(self, sent: int, received: int) -> None:
        """Add bytes of bodies."""
        self._sent += sent
        self._received += received

    def asked(self, value: Any, size: int) -> None:  # noqa: ANN401 - any JSON
        """Write down the JSON that was sent, if there is room for it."""
        if self._room(size):
            self.note(asked=value)

    def answered(self, value: Any, size: int) -> None:  # noqa: ANN401 - any JSON
        """Write down the JSON that was answered, if there is room for it."""
        if self._room(size):
            self.note(answered=value)

    def line(self, value: dict[str, Any], size: int) -> None:
        """Write down one object of an answer that is a stream of them, if there is room for it, and tell.

        One that is a newer state of what an older one said (how much of a layer is there) takes its place; of more
        than a few hundred the last is kept too.
        """
        if not self._room(size):
            return
        same = (value.get("id"), value.get("status"))
        kept = self._kept
        if "progressDetail" in value and same[0]:
            kept = [line for line in kept if (line[0].get("id"), line[0].get("status")) != same]
        kept = [*kept[: _LINES - 1], (value, size)]
        self._room(sum(held for _, held in kept) - sum(held for _, held in self._kept) - size)
        self._kept = kept
        self._put(lines=tuple(line for line, _ in kept))

    def end(self, how: str, **changes: Any) -> None:  # noqa: ANN401 - the fields of Entry
        """Write down how it ended, and tell; only the first time."""
        if not self._entry.end:
            self._put(end=how, **changes)

    def _put(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of Entry
        self.note(seconds=time.monotonic() - self._began, **changes)
        self._transcript.put(self._entry)
