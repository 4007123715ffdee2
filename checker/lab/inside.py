"""What a process finds that works in a lab: a description, in a file that ``KATA_LAB`` names."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LEARNER", "Inside"]

LEARNER = 1000
"""The number of the user and of the group as which scripts run in a lab."""
_VARIABLE = "KATA_LAB"
# its terminal is the learner's own; where memory runs out the script goes before the engine does
_LAUNCH = """\
chown learner:learner /proc/self/fd/0
echo 500 > /proc/self/oom_score_adj
exec setpriv --reuid learner --regid learner --clear-groups --no-new-privs --bounding-set -all --inh-caps -all -- "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """How a lab is worked in from outside.

    Attributes:
        container: The lab's id on the outer engine.
        engine: The outer engine's address as ``DOCKER_HOST`` has it.
        client: The docker command to reach it with.
        pid: The lab's first process, seen from outside.
        runs: The folder that is at the same path outside and inside.
    """

    container: str
    engine: str
    client: str
    pid: int
    runs: str

    @classmethod
    def here(cls) -> Inside | None:
        """Return the lab that ``KATA_LAB`` names; None where it is not set.

        Raises:
            KataError: ``lab.no_description``.
        """
        named = os.environ.get(_VARIABLE)
        if not named:
            return None
        try:
            return cls(**json.loads(Path(named).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as problem:
            raise KataError("lab.no_description", file=named, detail=problem) from problem

    def describe(self, file: Path) -> dict[str, str]:
        """Write it down, and return the variable that leads there."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return {_VARIABLE: str(file)}

    def command(self, argv: list[str], *, folder: str, environment: Mapping[str, str]) -> list[str]:
        """Return the command that runs a program as root in the lab, in processes of its own.

        When the program ends, or the first process that carries its environment is killed, everything that it
        started ends with it: it is the first process of a PID namespace (pid_namespaces(7)).
        """
        variables = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        execute = [self.client, "--host", self.engine, "exec", "--interactive", "--workdir", folder]
        apart = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child"]
        return [*execute, *variables, self.container, *apart, *argv]

    def log(self, since: float) -> list[str]:
        """Return the command that shows what the lab's engine, its first process, has logged since a time.

        Args:
            since: In seconds since the epoch.
        """
        return [self.client, "--host", self.engine, "logs", "--since", f"{since:.3f}", self.container]

    @property
    def environment(self) -> Mapping[str, str]:
        """What is different for a script in a lab: where programs are, and who it is."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/docker/bin",
            "HOME": "/home/learner",
            "USER": "learner",
            "LOGNAME": "learner",
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "DOCKER_CONFIG": "/home/learner/.docker",
        }

    @staticmethod
    def as_learner(argv: list[str]) -> list[str]:
        """Return the command, run by root in the lab on a terminal, that becomes the learner's own."""
        return ["/bin/sh", "-c", _LAUNCH, "launch", *argv]

    def has(self, program: str) -> bool:
        """Return whether the lab has a program: an absolute path, or a name to look for."""
        root = Path("/proc", str(self.pid), "root")
        folders = ("usr/local/bin", "usr/bin", "usr/sbin", "opt/docker/bin")
        places = [program.lstrip("/")] if program.startswith("/") else [f"{folder}/{program}" for folder in folders]
        return any(os.path.lexists(root / place) for place in places)
