"""One run of pytest: its options, what it was asked for, and how it ends."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from checker.exercise import Course, UnknownExerciseError
from checker.phrase import KataError, say
from checker.plugin import again
from checker.plugin.collection import course_of, exercise_named, exercise_of, keep_out_conftests
from checker.plugin.interruption import end_on_termination, uninterrupted
from checker.plugin.kept import STARTED, STREAM
from checker.plugin.others import load_others
from checker.plugin.selection import resolve
from checker.plugin.story import Story

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_collection",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_sessionfinish",
    "pytest_unconfigure",
]

ALL_PASSED, SOMETHING_FAILED, USAGE, BROKEN = 0, 1, 2, 3
_STORY = pytest.StashKey[Story]()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add what the course needs to pytest's own options."""
    gc.disable()  # until everything is collected: what is loaded stays, and nobody has to look for garbage in it
    pluginmanager.register(_UsageErrors())
    keep_out_conftests(pluginmanager)
    group = parser.getgroup("docker-kata")
    group.addoption("--work", metavar="DIR", help=say("option.work"))
    group.addoption("--grades", metavar="FILE", help=say("option.grades"))
    group.addoption("--journal", metavar="FILE", help=say("option.journal"))
    group.addoption("--private", action="store_true", help=say("option.private"))
    group.addoption("--trace-docker", action="store_true", help=say("option.trace_docker"))
    load_others(parser, pluginmanager)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Read the exercises that were asked for, and say in one sentence what is wrong with the asking."""
    try:
        _prepare(config)
    except KeyboardInterrupt:
        return USAGE
    except KataError as problem:
        is_usage = isinstance(problem, UnknownExerciseError) or problem.key.startswith(("option.", "check.unknown"))
        sys.stderr.write(f"{problem.cause.here() if is_usage else problem}\n")
        return USAGE if is_usage else BROKEN
    return None


class _UsageErrors:
    """Ends with 2, as every command of ours does, where pytest would end with 4."""

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Generator[None, object, object]:
        try:
            return (yield)
        except pytest.UsageError as problem:
            sys.stderr.write("".join(f"{line}\n" for line in problem.args))
            return USAGE


def _prepare(config: pytest.Config) -> None:
    course = course_of(config)
    folder = config.invocation_params.dir
    config.args[:] = [resolve(argument, course, folder) for argument in config.args]
    work = config.getoption("work")
    if work is not None and not (folder / work).is_dir():
        raise KataError("option.no_such_work", folder=work)
    grades = config.getoption("grades")
    if grades is not None and not (folder / grades).parent.is_dir():
        raise KataError("option.no_place_for_grades", file=grades)
    if config.getoption("trace_docker") and config.getoption("numprocesses", None):
        raise KataError("option.trace_beside")
    if _asks_for_exercises(config):
        for name in _wanted(config, course):
            exercise_named(name, config)


def _wanted(config: pytest.Config, course: Course) -> set[str]:
    """Return the names of the exercises that were asked for, so that a manifest of another's troubles nobody."""
    paths = _paths(config)
    below = {path.relative_to(course.folder).parts[0] for path in paths if path.parent.is_relative_to(course.folder)}
    return set(course.names()) if course.folder in paths else below & set(course.names())


def _asks_for_exercises(config: pytest.Config) -> bool:
    """Return whether everything that was asked for is in the course, so that its story is all there is to tell."""
    exercises = course_of(config).folder
    paths = _paths(config)
    return bool(paths) and all(path.is_relative_to(exercises) for path in paths)


def _paths(config: pytest.Config) -> list[Path]:
    return [Path(os.path.normpath(config.invocation_params.dir / arg.partition("::")[0])) for arg in config.args]


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the story take the terminal reporter's place, which goes on reporting into the void."""
    if not _asks_for_exercises(config):
        return
    # a warning is for us, who run the tests; to a learner it must neither show nor fail anything
    config.addinivalue_line("filterwarnings", "ignore")
    warnings.simplefilter("ignore")  # outside of checks too; pytest puts back what was
    config.option.continue_on_collection_errors = True  # one exercise's broken checks are no reason to skip another's
    is_worker = hasattr(config, "workerinput")
    if is_worker or config.option.collectonly:
        return
    _open_journal(config)
    end_on_termination()
    story = Story.instead_of_reporter(config)
    config.stash[_STORY] = story
    if config.getoption("trace_docker"):
        config.stash[STREAM] = _past_capture(config, story.stream)
    config.pluginmanager.register(story, "kata-story")
    config.pluginmanager.register(again, "kata-again")
    if config.getoption("htmlpath", None):
        from checker.plugin.html import HtmlReport  # noqa: PLC0415 - only where a report is asked for

        config.pluginmanager.register(HtmlReport(story), "kata-html")


def _open_journal(config: pytest.Config) -> None:
    file = config.getoption("journal")
    if file is not None:
        from checker.plugin.journal import Journal  # noqa: PLC0415 - only where a class is graded

        journal = Journal(config.invocation_params.dir / file)
        config.stash[STARTED] = journal.started
        config.pluginmanager.register(journal, "kata-journal")


def _past_capture(config: pytest.Config, stream: TextIO) -> TextIO:
    """Return another way to where a stream leads now, before pytest captures what checks print."""
    same = os.fdopen(os.dup(stream.fileno()), "w", encoding=stream.encoding, errors=stream.errors)
    config.add_cleanup(same.close)
    return same


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage from now on, and not among what is there; also where others collect for this process (-n)."""
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to import what takes half a second, while the first script is being started."""
    benches = (item for item in session.items if exercise_of(item) and "bench" in getattr(item, "fixturenames", ()))
    wanted = any(benches) and not session.config.option.collectonly
    if wanted:
        importing = threading.Thread(target=_import_docker, name="kata-import")
        importing.start()
        # a run that ends sooner must not pull the interpreter from under it
        session.config.add_cleanup(importing.join)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: what lives now is given back in a moment, so that nobody has to look for garbage in it first."""
    if _STORY in config.stash:
        gc.freeze()


def _import_docker() -> None:
    import docker.errors  # noqa: F401, PLC0415 - what makes `docker` worth waiting for

    import checker.guard.serve  # noqa: PLC0415
    import checker.workbench.bench  # noqa: F401, PLC0415


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Clean up in peace, and end with what the verdicts say: 0, 1, 2 or 3."""
    story = session.config.stash.get(_STORY, None)
    refused = None if story is None or story.was_interrupted else _conclude(session, story)
    try:
        with uninterrupted():
            return (yield)
    except KeyboardInterrupt:  # it came while we were leaving anyway
        session.exitstatus = USAGE
    except OSError as problem:  # a report of pytest's own
        if story is None:
            raise
        refused = problem
    finally:
        if refused is not None:
            session.exitstatus = USAGE
            sys.stderr.write(f"{KataError('option.unwritable', file=refused.filename, detail=refused.strerror)}\n")
    return None


def _conclude(session: pytest.Session, story: Story) -> OSError | None:
    """Set the exit code and write the grades; return why they could not be written."""
    session.exitstatus = story.exit_code(int(session.exitstatus))
    file = session.config.getoption("grades")
    if file is not None:
        try:
            _write(session.config.invocation_params.dir / file, [grade.to_json() for grade in story.grades])
        except OSError as refused:
            return refused
    return None


def _write(file: Path, grades: list[dict[str, Any]]) -> None:
    """Write the grades whole or not at all."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(json.dumps({"grades": grades}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(file)
