"""What every command stands on: the group they belong to, the course, the engine, and programs that they watch."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checker.exercise import Course
from checker.phrase import KataError, plain, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from checker.engine import Engine

__all__ = ["PASSED_ON", "PYTHON", "ROOT", "engine", "kata", "root", "tell", "up", "watched"]

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = (sys.executable, "-P")
PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group(help=say("cli.help"), context_settings={"help_option_names": ["-h", "--help"]})
def kata() -> None:
    """All commands."""


def root() -> Path:
    """Return the clone's folder: where we lie, or, installed as a package, the one around the current folder.

    Raises:
        KataError: ``cli.no_course``: there is no course here.
    """
    for folder in (ROOT, Path.cwd(), *Path.cwd().parents):
        if Course(folder).names():
            return folder
    raise KataError("cli.no_course", folder=Path.cwd())


def tell(line: str) -> None:
    """Say on stderr, so that what a command prints stays its own, what is being done."""
    click.echo(f"» {plain(line)}", err=True)


def up() -> Engine:
    """Make the machine ready, saying what is being done, and return its engine."""
    from checker import image  # noqa: PLC0415 - most commands need neither
    from checker.engine.ready import up as bring_up  # noqa: PLC0415

    return bring_up(image.provide, tell)


def engine() -> Engine:
    """Return the engine to use, as it is."""
    from checker.engine import find_engine  # noqa: PLC0415

    return find_engine()


def watched(
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
