"""Where a learner's script runs: on this machine, or in a lab if there is one (``in_lab``)."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from checker.engine.place import Place
from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.engine.found import Engine

__all__ = ["Here", "Seat", "seat"]

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_LOG_BYTES = 1_000_000  # of an engine's log: some thousand containers of it, and read in a moment
_ALLOWED = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "DOCKER_CONFIG"})


class Seat(Protocol):
    """Where scripts run."""

    @property
    def runs(self) -> Path:
        """The folder of the runs' folders; its path is the same for the script and for us."""

    @property
    def group(self) -> int | None:
        """The number of the group that may use a guard's socket beside us; None where nobody else has to."""

    def hand_over(self, folder: Path) -> None:
        """Let scripts write to a folder and to everything in it."""

    def has(self, program: str) -> bool:
        """Return whether there is a program for scripts: an absolute path, or a name to look for."""

    def start(
        self, argv: list[str], folder: Path, environment: Mapping[str, str], status: int
    ) -> subprocess.Popen[bytes]:
        """Start the supervisor with a program on a terminal: its input is typed, its output is what appears.

        Args:
            argv: The program and its arguments.
            folder: Where it starts.
            environment: What it finds in its environment.
            status: The file descriptor to which the supervisor tells how the program ended.
        """

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Tell a supervisor to end its program, and itself."""

    def lost(self, script: str, reported: str) -> Exception:
        """Return what to raise where a supervisor ended without having told how its program did."""

    def engine_log(self, engine: Engine, since: float) -> str:
        """Return what the engine has logged lately; empty where only its owner can read that.

        Args:
            engine: The engine.
            since: Where what was logged before does not matter any more, in seconds since the epoch.
        """


def seat() -> Seat:
    """Return where scripts run.

    Raises:
        KataError: ``lab.no_description``: ``KATA_LAB`` names no lab.
    """
    if "KATA_LAB" not in os.environ:
        return Here()  # and spare a learner's run the import of everything that makes labs
    from checker.lab.inside import Inside  # noqa: PLC0415
    from checker.workbench.in_lab import InLab  # noqa: PLC0415

    inside = Inside.here()
    return Here() if inside is None else InLab(inside)


class Here:
    """This machine, as the user who runs pytest."""

    @property
    def runs(self) -> Path:
        """The folder of the runs' folders, in the user's data folder."""
        return Place.here().data / "runs"

    @property
    def group(self) -> int | None:
        """Nobody: a guard's socket is our own, and so is the script."""
        return None

    def hand_over(self, folder: Path) -> None:
        """Do nothing: it is ours, and so is the script."""

    def has(self, program: str) -> bool:
        """Return whether this machine has a program."""
        return shutil.which(program) is not None

    def start(
        self, argv: list[str], folder: Path, environment: Mapping[str, str], status: int
    ) -> subprocess.Popen[bytes]:
        """Start the supervisor as a process of this machine."""
        spec = importlib.util.find_spec("ptyprocess")
        assert spec is not None
        assert spec.origin is not None
        kept = {name: value for name, value in os.environ.items() if name in _ALLOWED or name.startswith("LC_")}
        return subprocess.Popen(
            [sys.executable, "-I", "-S", _SUPERVISOR, Path(spec.origin).parent.parent, str(status), *argv],
            cwd=folder,
            env={**kept, "TERM": "xterm", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=[status],
            start_new_session=True,  # a Ctrl-C meant for pytest must not reach it, nor the other way round
        )

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Send SIGTERM, which also reaches a supervisor that its program has suspended."""
        process.terminate()

    def lost(self, script: str, reported: str) -> Exception:
        """Blame the script: nobody else is near who could have killed its supervisor."""
        del reported
        return Mistake("script.killed_its_parent", script=script)

    def engine_log(self, engine: Engine, since: float) -> str:
        """Return the end of the embedded engine's log."""
        del since
        place = Place.here()
        if engine.host != f"unix://{place.socket}" or not place.log.is_file():
            return ""
        with place.log.open("rb") as log:
            log.seek(max(0, place.log.stat().st_size - _LOG_BYTES))
            return log.read().decode(errors="replace")
