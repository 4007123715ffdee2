"""The ``kata`` command: parses, calls one function, maps errors to exit codes.

0 all passed, 1 something failed, 2 usage, 3 broken: our fault or the machine's, with what to do about it. Each module
here is a group of commands; ``basis`` is what they stand on.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from checker.cli import checks, grade, machine, project  # noqa: F401 - each adds its commands
from checker.cli.basis import kata
from checker.exercise import UnknownExerciseError
from checker.phrase import KataError, plain, say
from checker.report.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]


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
