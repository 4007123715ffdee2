"""The way from a run's scripts to the engine: one guard for each script, one ledger and one transcript for all."""

from __future__ import annotations

import functools
import os
import tempfile
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from checker.guard import Ledger, Transcript
from checker.verdict import Mistake
from checker.workbench.seat import seat

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from checker.engine import Engine
    from checker.exercise import Exercise
    from checker.guard import Entry
    from checker.guard.ledger import Kind
    from checker.guard.serve import Guard
    from checker.work import Work
    from checker.workbench.run import Run

__all__ = ["Gate"]

LONGEST = 80  # bytes of a folder in which a socket can still get a name: its whole path may have 107 (unix(7))
_EXPLAINED_ELSEWHERE = frozenset({"guard.pull_off_list"})  # as any name that no registry knows


class Gate:
    """Opens guards for the scripts of one run.

    Attributes:
        ledger: What belongs to the scripts: what they made, and what was lent to them.
        transcript: What they asked the engine for, and what it answered.

    Args:
        engine: What stands behind it.
        exercise: Whose manifest says what is granted.
        work: The folder out of which may be mounted.
        run: The run.
        closing: What is done when the bench is put away.
        note: Told of what scripts make.
        tell: Told of each request, as ``Transcript`` tells it.
    """

    def __init__(  # noqa: PLR0913 - what a guard needs
        self,
        *,
        engine: Engine,
        exercise: Exercise,
        work: Work,
        run: Run,
        closing: contextlib.ExitStack,
        note: Callable[[Kind, str], None],
        tell: Callable[[Entry], None] | None,
    ) -> None:
        self.ledger = Ledger(run.id, note)
        self.transcript = Transcript(tell)
        self._engine = engine
        self._exercise = exercise
        self._work = work
        self._run = run
        self._closing = closing
        self._first_request = 0
        self._seat = seat()

    def open(self) -> Guard:
        """Put a guard before the engine for one script, and let it listen; whoever asked closes it."""
        from checker.guard.grants import grants_of  # noqa: PLC0415 - only where a script runs
        from checker.guard.serve import Guard  # noqa: PLC0415 - asyncio and h11 take their time

        self._first_request = self.transcript.count
        guard = Guard(
            self._engine,
            grants_of(self._exercise, self._work.folder),
            self._run.id,
            self._corner / "docker.sock",
            ledger=self.ledger,
            transcript=self.transcript,
            mode=0o600 if self._seat.group is None else 0o660,
            group=self._seat.group,
        )
        return guard.__enter__()

    def refusal(self, *, since: int | None = None) -> Mistake | None:
        """Return what a script was refused first, in the words in which Docker told it; None where it was not.

        Args:
            since: The number of the request in the transcript to begin with; the last script's first where it is
                not given.
        """
        first = self._first_request if since is None else since
        for entry in self.transcript.denials:
            is_refused = entry.status == HTTPStatus.FORBIDDEN and entry.denied not in _EXPLAINED_ELSEWHERE
            if entry.number >= first and is_refused:
                return Mistake(entry.denied, **entry.blanks)
        return None

    def environment(self, host: str) -> dict[str, str]:
        """Return what a script finds that asks at ``host``; what it leaves in TMPDIR goes with the run."""
        temporary = self._run.folder / "tmp"
        if not temporary.exists():
            temporary.mkdir()
            self._seat.hand_over(temporary)
        published = {"TESTCONTAINERS_HOST_OVERRIDE": self._engine.published_host}
        return {**replace(self._engine, host=host, certs="").environment(), **published, "TMPDIR": str(temporary)}

    @functools.cached_property
    def _corner(self) -> Path:
        """A folder for a socket: the run's own, unless its path is longer than a socket's may be."""
        if len(os.fsencode(self._run.folder)) < LONGEST:
            return self._run.folder
        return Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="kata-")))
