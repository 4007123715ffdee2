"""What a check may ask for."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import time
from typing import TYPE_CHECKING, TextIO

import pytest

from checker.engine import Engine, find_engine
from checker.engine.place import Place
from checker.phrase import KataError
from checker.plugin.collection import ExerciseDir
from checker.plugin.kept import BENCH, ENGINE, STARTED, STREAM
from checker.work import Work
from checker.workbench.run import Run, unwritable
from checker.workbench.seat import seat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checker.exercise import Exercise
    from checker.trace.live import Live
    from checker.workbench.bench import Bench

__all__ = ["bench", "engine", "run", "work"]

WAIT_SECONDS = 600.0  # for another run of the same exercise on the same engine


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine that answers; broken where there is none."""
    found = find_engine()
    request.config.stash[ENGINE] = found
    return found


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """This run's id and folder."""
    with Run.begin(seat().runs) as begun:
        yield begun


@pytest.fixture(scope="module")
def work(request: pytest.FixtureRequest, run: Run) -> Work:
    """The run's own copy of the learner's files."""
    exercise = _exercise(request)
    copy = Work.copy(exercise, _source(request.config, exercise), run.folder / exercise.name)
    seat().hand_over(copy.folder)
    return copy


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, engine: Engine, work: Work, run: Run) -> Iterator[Bench]:
    """The bench: runs the learner's scripts and builds, and shows what became of them."""
    from checker.workbench.bench import Bench  # noqa: PLC0415 - collecting needs no Docker

    exercise = _exercise(request)
    live, started = _live(request.config), request.config.stash.get(STARTED, None)
    opening = Bench(engine, exercise, work, run, tell=live.tell if live else None)
    if started is not None:
        opening.on_start = started
    with _alone(engine, exercise), opening as opened:
        request.config.stash[BENCH] = opened
        yield opened
        request.config.stash[BENCH] = None
    if live is not None:
        live.summary()


def _live(config: pytest.Config) -> Live | None:
    """Return who tells the conversation with the engine, where somebody wants to hear it."""
    stream = config.stash.get(STREAM, None)
    if stream is None:
        return None
    from checker.trace.live import Live  # noqa: PLC0415 - only where it is asked for

    return Live.on(stream)


def _exercise(request: pytest.FixtureRequest) -> Exercise:
    folder = request.node.getparent(ExerciseDir)
    assert isinstance(folder, ExerciseDir), "only the checks of an exercise have work and a bench"
    return folder.exercise


def _source(config: pytest.Config, exercise: Exercise) -> Path:
    """Return where the learner's files are: in the exercise, or below ``--work``."""
    elsewhere = config.getoption("work")
    return exercise.folder if elsewhere is None else config.invocation_params.dir / elsewhere / exercise.name


@contextlib.contextmanager
def _alone(engine: Engine, exercise: Exercise) -> Iterator[None]:
    """Hold what an exercise cannot share on one engine: itself, and what it changes."""
    locks = Place.here().data / "locks"
    where = hashlib.sha256(engine.host.encode()).hexdigest()[:8]
    with contextlib.ExitStack() as held:
        for what in sorted({exercise.number, *exercise.changes}):
            file = held.enter_context(_opened(locks / f"{where}-{what.replace('/', '_')}"))
            _lock(file.fileno(), what)
        yield


def _opened(file: Path) -> TextIO:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("w", encoding="utf-8")
    except OSError as refused:
        raise unwritable(Place.here().data, refused) from refused


def _lock(file: int, what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                raise KataError("check.busy", what=what, minutes=int(WAIT_SECONDS / 60)) from None
            time.sleep(0.05)
        else:
            return
