"""Commands for those who keep the course: release, test, selfcheck."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checker.cli import basis
from checker.exercise import Course, Exercise
from checker.phrase import say

if TYPE_CHECKING:
    from collections.abc import Sequence


@basis.kata.command(help=say("cli.help_release"))
@click.option("--from", "source", metavar="OWNER/REPOSITORY[@COMMIT]", help=say("cli.help_release_from"))
@click.option("--as-is", is_flag=True, help=say("cli.help_release_as_is"))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def release(out: Path, *, source: str | None, as_is: bool) -> None:
    """Write the learners' repository."""
    from checker.release import release as write_release  # noqa: PLC0415 - no other command needs it

    write_release(Course(basis.root()), out, source, basis.tell, as_is=as_is)


@basis.kata.command(help=say("cli.help_test"), context_settings=basis.PASSED_ON)
@click.option("--full", is_flag=True, help=say("cli.help_test_full"))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST…]")
def test(*, full: bool, arguments: tuple[str, ...]) -> int:
    """Run the project's own tests: lint, types, then pytest, whose closing line comes last."""
    failed = [name for name, command in _STATIC.items() if _step(name, [*basis.PYTHON, "-m", *command])]
    basis.up()
    _fetch_browser()
    mark = [] if full else ["-m", "not full"]
    beside = ["-n", "3"]
    where = [] if any(argument.startswith("tests/") for argument in arguments) else ["tests"]
    code = _step("pytest", [*basis.PYTHON, "-m", "pytest", *where, *beside, *mark, *arguments])
    if failed:
        basis.tell(say("cli.static_failed", names=", ".join(failed)))
    return code or (1 if failed else 0)


def find_browser() -> str | None:
    """Return the program that the gradebook can be tested in; None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _fetch_browser() -> None:
    """Install Debian's Chromium where there is none and we may, as ./kata does with Python's venv."""
    if find_browser():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        basis.tell(say("cli.fetching_browser"))
        for what in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            basis.watched(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *what])
    if not find_browser():
        basis.tell(say("cli.no_browser"))


_STATIC = {
    "ruff check": ("ruff", "check", ".", "kata"),
    "ruff format": ("ruff", "format", "--check", ".", "kata"),
    "mypy": ("mypy",),
}


def _step(name: str, command: Sequence[str]) -> int:
    basis.tell(say("cli.step", name=name))
    return basis.watched(command, cwd=basis.root())


@basis.kata.command(help=say("cli.help_selfcheck"), context_settings=basis.PASSED_ON)
@click.option("--mutate", is_flag=True, help=say("cli.help_selfcheck_mutate"))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[EXERCISE…|PYTEST…]")
def selfcheck(arguments: tuple[str, ...], *, mutate: bool) -> int:
    """Let the course prove itself."""
    basis.up()
    if mutate:
        return _mutated(arguments)
    return basis.watched([*basis.PYTHON, "-m", "pytest", "tests/course", *arguments], cwd=basis.root())


def _mutated(wanted: Sequence[str]) -> int:
    from checker.mutation.survivors import fates  # noqa: PLC0415 - no other command needs it

    course = Course(basis.root())
    names = [course.resolve(each) for each in wanted] or course.names()
    wrong = 0
    for exercise in (Exercise.read(course.folder / name) for name in names):
        tried, equivalent, here = 0, 0, 0
        for fate in fates(exercise, course.root, course.root / "tests" / "course"):
            tried, equivalent, here = tried + 1, equivalent + bool(fate.why), here + (not fate.is_right)
            if not fate.is_right:
                key = "broken" if fate.broken else "survives" if fate.survived else "no_longer"
                click.echo(say(f"mutation.{key}", exercise=exercise.number, variant=fate.variant, said=fate.broken))
        click.echo(say("mutation.done", exercise=exercise.number, number=tried, equivalent=equivalent, wrong=here))
        wrong += here
    return 1 if wrong else 0
