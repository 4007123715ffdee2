"""A lab as the place where a learner's script runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from checker.lab.inside import LEARNER
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.engine import Engine
    from checker.lab.inside import Inside

__all__ = ["InLab"]

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


class InLab:
    """A lab, as its ordinary user; the supervisor is its root, and the first of the script's own processes.

    Args:
        inside: The lab.
    """

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    @property
    def runs(self) -> Path:
        """The folder that is mounted into the lab at the same path."""
        return Path(self._inside.runs)

    @property
    def group(self) -> int | None:
        """The lab's user's."""
        return LEARNER

    def hand_over(self, folder: Path) -> None:
        """Make it the lab's user's own. No script has run yet, so there is no link in it that leads elsewhere."""
        folder.parent.chmod(0o711)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, LEARNER, LEARNER, follow_symlinks=False)

    def has(self, program: str) -> bool:
        """Return whether the lab has a program."""
        return self._inside.has(program)

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what a script finds in its environment in place of what is meant for this machine.

        A folder of a run's, which a check has put in front of this machine's programs, stands in front of the lab's.
        """
        found = {**environment, **self._inside.environment}
        front = environment.get("PATH", "").partition(os.pathsep)[0]
        if Path(front).is_relative_to(self.runs):
            found["PATH"] = f"{front}:{found['PATH']}"
        return found

    def start(
        self, argv: list[str], folder: Path, environment: Mapping[str, str], status: int
    ) -> subprocess.Popen[bytes]:
        """Start the supervisor through the outer engine; what it says on stderr is what it tells."""
        supervisor = ["python3", "-I", "-S", "-c", _SUPERVISOR.read_text(encoding="utf-8")]
        program = [*supervisor, "/usr/lib/python3/dist-packages", "2", *self._inside.as_learner(argv)]
        return subprocess.Popen(
            self._inside.command(program, folder=str(folder), environment=self.variables(environment)),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=status,
            bufsize=0,
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Close its input: a signal would only end the client that is between."""
        assert process.stdin is not None
        process.stdin.close()

    def lost(self, script: str, reported: str) -> Exception:
        """Blame the machine: a script cannot kill a supervisor that is root's."""
        return KataError("lab.script_lost", script=script, detail=reported or "-")

    def engine_log(self, engine: Engine, since: float) -> str:
        """Return what the lab has logged: its first process is the engine."""
        del engine
        shown = subprocess.run(self._inside.log(since), capture_output=True, text=True, errors="replace", check=False)
        return shown.stderr + shown.stdout
