"""A run's own folder, held by a lock while the run lives: what a killed one left is found and removed by the next.

``runs/<id>/`` holds the copy of the work, a ``lock`` that the kernel lets go of when the process dies, however it dies,
and ``made``: what the learner's scripts made on the engine without one of the exercise's names, a line each.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from checker.phrase import KataError
from checker.workbench.leftovers import Stray, remove_labelled, remove_strays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from checker.engine import Engine

__all__ = ["Run", "dead_runs", "sweep_dead", "unwritable"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def unwritable(data: Path, refused: OSError) -> KataError:
    """Return what to say where nothing can be written below our data folder."""
    if refused.errno in _FULL:
        return KataError("check.disk_full", folder=data)
    return KataError("engine.unwritable", folder=data, detail=refused.strerror or refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run.

    Attributes:
        id: What the checker itself makes is labelled ``kata.run=<id>``.
        folder: Its own folder.
    """

    id: str
    folder: Path

    @property
    def made(self) -> Path:
        """Where it is written down what scripts have made."""
        return self.folder / "made"

    @property
    def at_work(self) -> Path:
        """Whether something of it stands on the engine: there until the bench has put everything away."""
        return self.folder / "at-work"

    def note(self, stray: Stray) -> None:
        """Write down what a script has made, for whoever comes after us if we are killed."""
        with self.made.open("a", encoding="utf-8") as made:
            made.write(f"{stray}\n")

    @contextlib.contextmanager
    def giving_up(self, strays: Iterable[Stray]) -> Iterator[Iterable[Stray]]:
        """Let what scripts made be removed, but no image that another run has written down as well.

        Of images without a name that were built in the same moment nobody can say whose they are: the last of their
        runs takes them away. One run at a time looks and removes, and what it made is forgotten afterwards.

        Args:
            strays: What scripts of this run made.
        """
        runs = os.open(self.folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(runs, fcntl.LOCK_EX)
            noted = [made for made in self.folder.parent.glob("*/made") if made != self.made]
            others = frozenset(stray for made in noted for stray in _read(made))
            yield [one for one in strays if one.kind != "image" or one not in others]
            self.made.unlink(missing_ok=True)
        finally:
            os.close(runs)

    @classmethod
    @contextlib.contextmanager
    def begin(cls, runs: Path) -> Iterator[Run]:
        """Make a run's folder below ``runs``, hold its lock, and remove it at the end.

        Where the engine went away before everything was put away, the folder stays: the next run sees to the rest.

        Raises:
            KataError: Nothing can be written there.
        """
        try:
            run, lock = cls._locked(runs)
        except OSError as refused:
            raise unwritable(runs.parent, refused) from refused
        with lock:
            try:
                yield run
            finally:
                if not run.at_work.exists():
                    shutil.rmtree(run.folder, ignore_errors=True)

    @classmethod
    def _locked(cls, runs: Path) -> tuple[Run, TextIO]:
        while True:
            name = secrets.token_hex(6)
            run = cls(id=name, folder=runs / name)
            try:
                run.folder.mkdir(parents=True)
                lock = (run.folder / "lock").open("w", encoding="utf-8")
                fcntl.flock(lock, fcntl.LOCK_EX)
            except KeyboardInterrupt:
                shutil.rmtree(run.folder, ignore_errors=True)
                raise
            # until it was locked it looked dead, and somebody may have swept it
            with contextlib.suppress(FileNotFoundError):
                if (run.folder / "lock").stat().st_ino == os.fstat(lock.fileno()).st_ino:
                    return run, lock
            lock.close()


def dead_runs(runs: Path) -> Iterator[Run]:
    """Yield what runs have left whose process is dead: nobody holds their lock any more.

    Each is held while it is looked at, and its folder is removed when the next one is asked for.
    """
    for lock in runs.glob("*/lock"):
        with contextlib.suppress(OSError), lock.open("r+") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            dead = Run(id=lock.parent.name, folder=lock.parent)
            yield dead
            shutil.rmtree(dead.folder, ignore_errors=True)


def sweep_dead(engine: Engine, runs: Path) -> None:
    """Remove what dead runs have left, on the engine too."""
    for dead in dead_runs(runs):
        with dead.giving_up(_read(dead.made)) as left:
            remove_strays(engine, left)
        remove_labelled(engine, dead.id)


def _read(made: Path) -> list[Stray]:
    """Return what a run has written down; a run may end while it is looked at."""
    try:
        lines = made.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return list(filter(None, map(Stray.read, lines)))
