"""One run of pytest: its options, what it was asked for, and how it ends."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from checker.exercise import Exercise, UnknownExerciseError
from checker.phrase import KataError, say
from checker.plugin.collection import course_of, exercise_of
from checker.plugin.selection import resolve
from checker.plugin.story import Story

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_sessionfinish",
]

ALL_PASSED, SOMETHING_FAILED, USAGE, BROKEN = 0, 1, 2, 3
_STORY = pytest.StashKey[Story]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the course needs to pytest's own options."""
    group = parser.getgroup("docker-kata")
    group.addoption("--work", metavar="DIR", help=say("option.work"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Read the exercises that were asked for, and say in one sentence what is wrong with the asking."""
    try:
        _prepare(config)
        return (yield)
    except (UnknownExerciseError, pytest.UsageError) as problem:
        said = problem.cause.here() if isinstance(problem, KataError) else str(problem)
        sys.stderr.write(f"{said}\n")
        return USAGE
    except KataError as problem:
        sys.stderr.write(f"{problem}\n")
        return BROKEN


def _prepare(config: pytest.Config) -> None:
    course = course_of(config)
    folder = config.invocation_params.dir
    config.args[:] = [resolve(argument, course, folder) for argument in config.args]
    work = config.getoption("work")
    if work is not None and not (folder / work).is_dir():
        raise pytest.UsageError(say("option.no_such_work", folder=work))
    if _asks_for_exercises(config):
        for name in course.names():
            Exercise.read(course.folder / name)


def _asks_for_exercises(config: pytest.Config) -> bool:
    """Return whether everything that was asked for is in the course, so that its story is all there is to tell."""
    exercises = course_of(config).folder
    paths = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    return bool(paths) and all(path.is_relative_to(exercises) for path in paths)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the story take the terminal reporter's place, which goes on reporting into the void."""
    is_worker = hasattr(config, "workerinput")
    if is_worker or config.option.collectonly or not _asks_for_exercises(config):
        return
    story = Story.instead_of_reporter(config)
    config.stash[_STORY] = story
    config.pluginmanager.register(story, "kata-story")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to import what takes half a second, while the first script is being started."""
    wanted = any(exercise_of(item) for item in session.items) and not session.config.option.collectonly
    if wanted:
        threading.Thread(target=_import_docker, daemon=True).start()


def _import_docker() -> None:
    import checker.workbench.bench  # noqa: F401, PLC0415
    import docker.errors  # noqa: F401, PLC0415 - what makes `docker` worth waiting for


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End with what the verdicts say: 0, 1, 2 or 3."""
    story = session.config.stash.get(_STORY, None)
    if story is None or session.exitstatus == pytest.ExitCode.INTERRUPTED:
        return
    session.exitstatus = story.exit_code(int(session.exitstatus))
    os.environ.pop("PYTEST_CURRENT_TEST", None)
