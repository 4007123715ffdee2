"""The ``kata`` command: parses, calls one function, maps errors to exit codes.

0 all passed, 1 something failed, 2 usage, 3 broken: our fault or the machine's, with what to do about it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checker.exercise import Course, Exercise, UnknownExerciseError
from checker.phrase import KataError, plain, say
from checker.report.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

    from checker.engine import Engine, Place

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
_PYTHON = (sys.executable, "-P")
_PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}
_EXERCISE = re.compile(r"(?:exercises/)?(?P<wanted>\d+\w*)/?(?P<rest>::.*)?", re.DOTALL)


def _root() -> Path:
    """Return the clone's folder: where we lie, or, installed as a package, the one around the current folder.

    Raises:
        KataError: ``cli.no_course``: there is no course here.
    """
    for folder in (ROOT, Path.cwd(), *Path.cwd().parents):
        if Course(folder).names():
            return folder
    raise KataError("cli.no_course", folder=Path.cwd())


def main() -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:  # noqa: PLR0911 - one line an outcome, each with its code
    """Run the command that the arguments name and return its exit code; what goes wrong is said on stderr."""
    try:
        return int(kata.main(list(arguments), prog_name="kata", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except (UnknownExerciseError, UsageError) as error:
        return _say_why(str(error), 2)
    except KataError as error:
        return _say_why(str(error), 3)
    except (click.Abort, KeyboardInterrupt):
        return _say_why(say("cli.interrupted"), 130)
    except BrokenPipeError:
        # who read our output has seen enough; Python would complain again when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - a bug of ours: said in one sentence, the rest on demand
        if os.environ.get("KATA_DEBUG"):
            traceback.print_exc()
        return _say_why(say("cli.bug", kind=type(error).__name__, detail=error), 3)


def _say_why(message: str, code: int) -> int:
    click.echo(plain(message), err=True)
    return code


def _tell(line: str) -> None:
    """Say on stderr, so that what a command prints stays its own, what is being done."""
    click.echo(f"» {plain(line)}", err=True)


@click.group(help=say("cli.help"), context_settings={"help_option_names": ["-h", "--help"]})
def kata() -> None:
    """All commands."""


@kata.command(help=say("cli.help_up"))
def up() -> None:
    """Make the machine ready."""
    engine = _up()
    version = engine.request("GET", "/version")[1].get("Version", "?")
    _tell(say("setup.engine", version=version, origin=engine.origin, address=engine.host))
    _tell(say("setup.ready"))


def _up() -> Engine:
    from checker import image  # noqa: PLC0415 - most commands need neither
    from checker.engine.ready import up as bring_up  # noqa: PLC0415

    return bring_up(image.provide, _tell)


@kata.command(help=say("cli.help_doctor"))
def doctor() -> int:
    """Examine the machine; 3 if something is missing."""
    from checker.engine.doctor import examine  # noqa: PLC0415

    ok = True
    for line in examine():
        ok &= line.ok
        _report(line.text, line.remedy, ok=line.ok)
    for text, present in _catalogue():
        ok &= present
        _report(text, "" if present else say("cli.remedy_image"), ok=present)
    return 0 if ok else 3


def _report(text: str, remedy: str, *, ok: bool) -> None:
    click.echo(f"{click.style('✓', fg='green') if ok else click.style('✗', fg='red')} {plain(text)}")
    if remedy:
        click.echo(f"    → {plain(remedy)}")


def _catalogue() -> Iterable[tuple[str, bool]]:
    """Yield each image of the catalogue and whether the engine has it; nothing where there is no engine."""
    from checker import image  # noqa: PLC0415
    from checker.engine import find_engine  # noqa: PLC0415

    try:
        engine = find_engine()
    except KataError:
        return
    for entry in image.listing(engine):
        kind = say("cli.image_standin") if entry.standin else ""
        yield say("cli.doctor_image", name=entry.name, kind=kind), entry.present


@kata.command(help=say("cli.help_clean"))
@click.option("--all", "everything", is_flag=True, help=say("cli.help_clean_all"))
def clean(*, everything: bool) -> None:
    """Remove what is ours."""
    from checker.engine import Place, find_engine  # noqa: PLC0415
    from checker.engine.ready import alone  # noqa: PLC0415
    from checker.engine.sweep import uninstall  # noqa: PLC0415

    place = Place.here()
    if not everything:
        _removed(_swept(find_engine(), place))
        return
    with alone(place, _tell):
        try:
            _removed(_swept(find_engine(), place))
        except KataError as error:
            # a dead engine keeps nothing of ours from being deleted; one of the user's own might
            _tell(error.cause.here())
        for line in uninstall(place):
            click.echo(plain(line))


def _swept(engine: Engine, place: Place) -> list[str]:
    """Remove what dead runs have written down, then what carries our label or an exercise's name; say which."""
    from checker.engine.sweep import clean as clean_engine  # noqa: PLC0415
    from checker.workbench.run import sweep_dead  # noqa: PLC0415

    sweep_dead(engine, place.data / "runs")
    return clean_engine(engine)


def _removed(lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(plain(say("cli.removed", what=line)))
    if not lines:
        click.echo(say("cli.nothing_removed"))


@kata.group(help=say("cli.help_images"))
def images() -> None:
    """The catalogue's images."""


@images.command("pull", help=say("cli.help_images_pull"))
def images_pull() -> None:
    """Pull them from their registry."""
    from checker import image  # noqa: PLC0415

    image.pull(_engine(), _tell)


@images.command("build", help=say("cli.help_images_build"))
def images_build() -> None:
    """Build stand-ins."""
    from checker import image  # noqa: PLC0415

    image.build(_engine(), _tell)


@images.command("save", help=say("cli.help_images_save"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def images_save(file: Path) -> None:
    """Write them to a file."""
    from checker import image  # noqa: PLC0415

    image.save(_engine(), file, _tell)


@images.command("load", help=say("cli.help_images_load"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def images_load(file: Path) -> None:
    """Read them from a file."""
    from checker import image  # noqa: PLC0415

    image.load(_engine(), file, _tell)


@images.command("list", help=say("cli.help_images_list"))
def images_list() -> None:
    """Say which are there."""
    _engine()
    for text, present in _catalogue():
        _report(text, "", ok=present)


def _engine() -> Engine:
    from checker.engine import find_engine  # noqa: PLC0415

    return find_engine()


@kata.command("list", help=say("cli.help_list"))
def list_exercises() -> None:
    """Print number and title of each exercise."""
    for exercise in Course(_root()).exercises():
        points = sum(check.points for check in exercise.checks)
        title = exercise.title.here()
        click.echo(plain(say("cli.exercise", number=exercise.number, title=title, points=points)))


@kata.command(help=say("cli.help_hint"))
@click.argument("exercise", metavar="EXERCISE")
@click.option("--more", count=True, help=say("cli.help_hint_more"))
def hint(exercise: str, *, more: int) -> None:
    """Print an exercise's first hint, and one further for each ``--more``."""
    course = Course(_root())
    hints = Exercise.read(course.folder / course.resolve(exercise)).hints
    for number, text in enumerate(hints[: more + 1], start=1):
        click.echo(plain(say("cli.hint", number=number, total=len(hints), text=text.here())))
    if more + 1 < len(hints):
        click.echo(say("cli.hint_next", exercise=exercise, more=" ".join(["--more"] * (more + 1))))
    elif not hints:
        click.echo(say("cli.no_hint"))


@kata.command(help=say("cli.help_check"), context_settings=_PASSED_ON, options_metavar="")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar=say("cli.metavar_check"))
def check(arguments: tuple[str, ...]) -> int:
    """Check exercises, by pytest."""
    from checker.report.exporters import Export  # noqa: PLC0415 - most commands need none

    export, rest = Export.out_of(arguments)
    targets = _targets(rest)
    _up()
    os.environ["KATA_COMMAND"] = "./kata check "  # what the checks tell a learner to type next
    command: list[str | Path] = [
        *_PYTHON,
        "-m",
        "pytest",
        "-c",
        _root() / "pyproject.toml",
        "--rootdir",
        _root(),
        *targets,
    ]
    code = _watched(command) if export is None else export.of(command, _watched, Course(_root()))
    # pytest's own 4 is wrong usage, 5 that nothing was left to run
    return {4: 2, 5: 2}.get(code, code)


def _targets(arguments: Sequence[str]) -> list[str]:
    """Turn ``04`` into the folder's path, wherever we stand; what follows an option may be its value.

    Raises:
        UnknownExerciseError: There is no exercise of that number or name.
    """
    course = Course(_root())
    found: list[str] = []
    others: list[str] = []
    for before, argument in zip(("", *arguments), arguments, strict=False):
        named = None if before.startswith("-") else _EXERCISE.fullmatch(argument)
        if named:
            found.append(f"{course.folder / course.resolve(named['wanted'])}{named['rest'] or ''}")
        else:
            others.append(argument)
    return [*(found or [str(course.folder)]), *others]


@kata.command(help=say("cli.help_trace"), context_settings={"allow_interspersed_args": False})
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

    engine = _engine()
    live = Live.on(sys.stderr, raw=raw)
    code = trace_command(command, engine, live, _watched_in, allow=frozenset(allow), save=save)
    if save is not None:
        _tell(say("trace.saved", path=save))
    return code


def _watched_in(command: Sequence[str], environ: Mapping[str, str]) -> int:
    return _watched(command, environ=environ)


def _watched(
    command: Sequence[str | Path],
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdout: TextIO | None = None,
) -> int:
    """Run a program to its end and return its exit code; Ctrl-C is its to clean up after, and 130 then."""
    interrupted = []
    # a handler, not SIG_IGN, which the program would inherit
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
    try:
        process = subprocess.Popen(command, cwd=cwd, env=environ, stdout=stdout)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return 130 if interrupted else code if code >= 0 else 128 - code


@kata.command(help=say("cli.help_release"))
@click.option("--from", "source", metavar="OWNER/REPOSITORY[@COMMIT]", help=say("cli.help_release_from"))
@click.option("--as-is", is_flag=True, help=say("cli.help_release_as_is"))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def release(out: Path, *, source: str | None, as_is: bool) -> None:
    """Write the learners' repository."""
    from checker.release import release as write_release  # noqa: PLC0415 - no other command needs it

    write_release(Course(_root()), out, source, _tell, as_is=as_is)


@kata.command(help=say("cli.help_test"), context_settings=_PASSED_ON)
@click.option("--full", is_flag=True, help=say("cli.help_test_full"))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST…]")
def test(*, full: bool, arguments: tuple[str, ...]) -> int:
    """Run the project's own tests: lint, types, then pytest, whose closing line comes last."""
    failed = [name for name, command in _STATIC.items() if _step(name, [*_PYTHON, "-m", *command])]
    _up()
    mark = [] if full else ["-m", "not full"]
    beside = ["-n", "2"]
    code = _step("pytest", [*_PYTHON, "-m", "pytest", "tests", *beside, *mark, *arguments])
    if failed:
        _tell(say("cli.static_failed", names=", ".join(failed)))
    return code or (1 if failed else 0)


_STATIC = {
    "ruff check": ("ruff", "check", ".", "kata"),
    "ruff format": ("ruff", "format", "--check", ".", "kata"),
    "mypy": ("mypy",),
}


def _step(name: str, command: Sequence[str]) -> int:
    _tell(say("cli.step", name=name))
    return _watched(command, cwd=_root())


@kata.command(help=say("cli.help_selfcheck"), context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST…]")
def selfcheck(arguments: tuple[str, ...]) -> int:
    """Let the course prove itself."""
    _up()
    return _watched([*_PYTHON, "-m", "pytest", "tests/course", *arguments], cwd=_root())


if __name__ == "__main__":
    main()
