"""Runs pytest in processes of their own that need not begin from nothing: what takes half a second is imported once."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["run_pytest"]

# not our plugin, nor anything else in which pytest rewrites what is asserted: that it has to import itself
_IMPORTED = (
    "pytest",
    "checker.author",
    "checker.guard.serve",
    "checker.workbench.bench",
    "checker.workbench.service",
    "docker.errors",
)


def run_pytest(arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], said: Path) -> int:
    """Run ``python -m pytest`` to its end, in a process forked from one that does nothing but wait for this.

    Args:
        arguments: What follows ``pytest``.
        folder: Where it runs.
        environment: All the variables that it has.
        said: The file for what it prints.

    Returns:
        The exit code; negative where a signal ended it.
    """
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(list(_IMPORTED))  # heard once, when the first process is asked for
    process = forking.Process(target=_run, args=(list(arguments), str(folder), dict(environment), str(said)))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    return -1 if code is None else code


def _run(arguments: list[str], folder: str, environment: dict[str, str], said: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as ``python -m`` does
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    import pytest  # noqa: PLC0415 - there already

    sys.exit(pytest.main(arguments))
