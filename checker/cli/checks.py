"""Commands for those who work on exercises: list, hint, check, trace."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checker.cli import basis
from checker.exercise import Course, Exercise
from checker.phrase import plain, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXERCISE = re.compile(r"(?:exercises/)?(?P<wanted>\d+\w*)/?(?P<rest>::.*)?", re.DOTALL)


@basis.kata.command("list", help=say("cli.help_list"))
def list_exercises() -> None:
    """Print number and title of each exercise."""
    for exercise in Course(basis.root()).exercises():
        points = sum(check.points for check in exercise.checks)
        title = exercise.title.here()
        click.echo(plain(say("cli.exercise", number=exercise.number, title=title, points=points)))


@basis.kata.command(help=say("cli.help_hint"))
@click.argument("exercise", metavar="EXERCISE")
@click.option("--more", count=True, help=say("cli.help_hint_more"))
def hint(exercise: str, *, more: int) -> None:
    """Print an exercise's first hint, and one further for each ``--more``."""
    course = Course(basis.root())
    hints = Exercise.read(course.folder / course.resolve(exercise)).hints
    for number, text in enumerate(hints[: more + 1], start=1):
        click.echo(plain(say("cli.hint", number=number, total=len(hints), text=text.here())))
    if more + 1 < len(hints):
        click.echo(say("cli.hint_next", exercise=exercise, more=" ".join(["--more"] * (more + 1))))
    elif not hints:
        click.echo(say("cli.no_hint"))


@basis.kata.command(help=say("cli.help_check"), context_settings=basis.PASSED_ON, options_metavar="")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar=say("cli.metavar_check"))
def check(arguments: tuple[str, ...]) -> int:
    """Check exercises, by pytest."""
    from checker.report.exporters import Export  # noqa: PLC0415 - most commands need none

    export, rest = Export.out_of(arguments)
    targets = _targets(rest)
    basis.up()
    os.environ["KATA_COMMAND"] = "./kata check "  # what the checks tell a learner to type next
    command: list[str | Path] = [
        *basis.PYTHON,
        "-m",
        "pytest",
        "-c",
        basis.root() / "pyproject.toml",
        "--rootdir",
        basis.root(),
        *targets,
    ]
    code = basis.watched(command) if export is None else export.of(command, basis.watched, Course(basis.root()))
    # pytest's own 4 is wrong usage, 5 that nothing was left to run
    return {4: 2, 5: 2}.get(code, code)


def _targets(arguments: Sequence[str]) -> list[str]:
    """Turn ``04`` into the folder's path, wherever we stand; what follows an option may be its value.

    Raises:
        UnknownExerciseError: There is no exercise of that number or name.
    """
    course = Course(basis.root())
    found: list[str] = []
    others: list[str] = []
    for before, argument in zip(("", *arguments), arguments, strict=False):
        named = None if before.startswith("-") else _EXERCISE.fullmatch(argument)
        if named:
            found.append(f"{course.folder / course.resolve(named['wanted'])}{named['rest'] or ''}")
        else:
            others.append(argument)
    return [*(found or [str(course.folder)]), *others]


@basis.kata.command(help=say("cli.help_trace"), context_settings={"allow_interspersed_args": False})
@click.option("--raw", is_flag=True, help=say("cli.help_trace_raw"))
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=say("cli.help_trace_save")
)
@click.option("--allow", multiple=True, metavar="GRANT", hidden=True)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar=say("cli.metavar_trace"))
def trace(command: tuple[str, ...], *, raw: bool, save: Path | None, allow: tuple[str, ...]) -> int:
    """Run a command and tell what client, server and registry say to each other meanwhile."""
    from checker.trace.command import trace as trace_command  # noqa: PLC0415 - most commands need neither
    from checker.trace.live import Live  # noqa: PLC0415

    engine = basis.engine()
    live = Live.on(sys.stderr, raw=raw)
    code = trace_command(command, engine, live, _watched_in, allow=frozenset(allow), save=save)
    if save is not None:
        basis.tell(say("trace.saved", path=save))
    return code


def _watched_in(command: Sequence[str], environ: Mapping[str, str]) -> int:
    return basis.watched(command, environ=environ)
