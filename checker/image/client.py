"""The docker CLI, used on one engine."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from checker.phrase import KataError

if TYPE_CHECKING:
    from pathlib import Path

    from checker.engine import Engine

__all__ = ["docker", "said"]


def docker(engine: Engine, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``docker`` on the engine and return how it ended and what it said.

    Raises:
        KataError: ``image.no_client``: there is no docker CLI.
    """
    environ = {**os.environ, **engine.environment(), "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(
            ["docker", *arguments],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise KataError("image.no_client") from None


def said(done: subprocess.CompletedProcess[str], lines: int = 6) -> str:
    """Return the last lines of what a program said when it failed."""
    return "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-lines:])
