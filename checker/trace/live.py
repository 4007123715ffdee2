"""Tells a conversation in the terminal while it goes on, and sums it up in the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from typing import TYPE_CHECKING, Self

from checker.phrase import language, phrase
from checker.trace.known import is_refused
from checker.trace.look import Look, duration
from checker.trace.pulled import Pulled, size
from checker.trace.story import Story
from checker.trace.topic import topic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from checker.guard.transcript import Entry
    from checker.phrase import Language
    from checker.trace.step import Stage

__all__ = ["Live"]

_DRAWN = frozenset({"pull", "push", "load"})


class Live:
    """Tells each request when there is something to say about it; its ``tell`` is for a guard's transcript.

    While a client draws the progress of a pull, nothing is said: what came is told when the pull has ended, and on a
    terminal only when the client goes on to something else, for until then it may still be drawing.

    Args:
        stream: Where to write; not where the command writes, so that its output stays its own.
        columns: The terminal's width in cells.
        colour: Whether it shows colours.
        unicode: Whether it shows more than ASCII.
        language: The learner's language.
        raw: Whether the requests are shown too: method, path, status and time.
    """

    def __init__(  # noqa: PLR0913 - what a terminal is like
        self,
        stream: TextIO,
        *,
        columns: int = 80,
        colour: bool = False,
        unicode: bool = True,
        language: Language = "en",
        raw: bool = False,
    ) -> None:
        self.story = Story()
        self.failure: Exception | None = None
        self._stream = stream
        self._look = Look(columns=columns, colour=colour, unicode=unicode, language=language)
        self._raw = raw
        self._stage: Stage | None = None
        self._shown: set[int] = set()
        self._held: list[str] = []
        self._lock = threading.Lock()

    @classmethod
    def on(cls, stream: TextIO, *, raw: bool = False) -> Self:
        """Return one for a stream as it is: its width, its colours unless ``NO_COLOR`` is set, its letters."""
        colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        unicode = (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")
        return cls(stream, columns=_columns(stream), colour=colour, unicode=unicode, language=language(), raw=raw)

    def tell(self, entry: Entry) -> None:
        """Take in a request that began, went on or ended, and say what is new; any thread may call it.

        It never raises: a bug in telling must not look like one in the guard. ``failure`` keeps it.
        """
        with self._lock:
            try:
                self._show(entry)
            except Exception as error:  # noqa: BLE001 - see above
                self.failure = self.failure or error

    def _show(self, entry: Entry) -> None:
        lines = self._lines(entry)
        if entry.end and self._is_drawn(entry):
            self._held += lines
        elif lines or self._held:
            self._write([*self._held, *lines])
            self._held.clear()

    def _is_drawn(self, entry: Entry) -> bool:
        """Whether the client shows how far a request has come in lines that it draws again and again."""
        return topic(entry.method, entry.path).key in _DRAWN and self._stream.isatty()

    def _lines(self, entry: Entry) -> list[str]:
        steps = self.story.hear(entry)
        lines = list(self._look.steps(steps, self._stage))
        self._stage = steps[-1].stage if steps else self._stage
        if self._raw and entry.end and entry.number not in self._shown:
            self._shown.add(entry.number)
            lines += self._look.request(entry)
        return lines

    def summary(self) -> None:
        """Say what it added up to: the sequence, the time of each step, the requests, the bytes that were pulled."""
        with self._lock:
            self._write([*self._held, *self._look.summary(self.story.steps, self._totals())])
            self._held.clear()

    def _totals(self) -> list[str]:
        entries = self.story.entries
        if not entries:
            return [self._say("nothing_asked")]
        took = max(entry.at + entry.seconds for entry in entries) - min(entry.at for entry in entries)
        key = "summary_one" if len(entries) == 1 else "summary"
        totals = [self._say(key, count=len(entries), time=duration(took))]
        pulled = sum(Pulled.of(e.lines).bytes for e in entries if topic(e.method, e.path).key == "pull")
        refused = sum(is_refused(entry) for entry in entries)
        totals += [self._say("summary_pulled", size=size(pulled))] if pulled else []
        return totals + ([self._say("summary_refused", count=refused)] if refused else [])

    def _say(self, key: str, **blanks: object) -> str:
        return phrase(f"trace.{key}").fill(blanks).in_language(self._look.speaks)

    def _write(self, lines: Iterable[str]) -> None:
        said = list(lines)
        with contextlib.suppress(OSError, ValueError):  # whoever read us has gone
            # a program that has the terminal to itself (run -it) has switched off that a new line begins on the left
            end = "\r\n" if self._stream.isatty() else "\n"
            if said:
                self._stream.write("".join(f"{line}{end}" for line in said))
                self._stream.flush()


def _columns(stream: TextIO) -> int:
    """Return the width of a stream's terminal, which need not be that of the standard output; 80 where it is none."""
    if not os.environ.get("COLUMNS"):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return os.get_terminal_size(stream.fileno()).columns or 80
    return shutil.get_terminal_size().columns
