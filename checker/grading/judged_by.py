"""What work is judged by, as one digest: when it changes, the work is graded again, and only then."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import checker
from checker.grading.digest import digest_of, digest_of_checks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checker.engine import Engine
    from checker.exercise import Exercise

__all__ = ["course_version", "judged_by", "surroundings"]

# parts of the checker that come after a verdict; a new gradebook is no reason to grade a class again
_AFTERWARDS = frozenset({"cli", "cli.py", "report", "grading", "release", "selfcheck.py", "trace"})


def judged_by(exercise: Exercise, around: str) -> str:
    """Return the SHA-256 of what an exercise's work is judged by.

    Args:
        exercise: Its manifest and checks, private ones included.
        around: The ``surroundings``.
    """
    parts = (digest_of_checks(exercise), _checker(), around)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def surroundings(engine: Engine, exercise: Exercise) -> str:
    """Return what an engine is and which images it has for an exercise, as text."""
    version = engine.request("GET", "/version")[1]
    found = [f"engine {version.get('Version')} {version.get('Arch')}"]
    for name in sorted(exercise.images):
        _, image = engine.request("GET", f"/images/{name}/json")
        found.append(f"{name} {image.get('Id', '') if name not in exercise.pulls else ''}")
    return "\n".join(found)


def course_version(exercises: Iterable[Exercise]) -> str:
    """Return what tells results of this course from those of another one: its exercises, checks and points."""
    lines = [f"{each.name} {check.id} {check.points}" for each in exercises for check in each.checks]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@functools.cache
def _checker() -> str:
    package = Path(checker.__file__).parent
    files = (
        path
        for path in package.rglob("*")
        if path.relative_to(package).parts[0] not in _AFTERWARDS
        and path.suffix in {".py", ".toml", ".c"}
        and path.is_file()
    )
    return digest_of((path.relative_to(package).as_posix(), False, path.read_bytes()) for path in files)
