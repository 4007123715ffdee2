"""What an exercise lets its scripts ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.guard.message import Grants
from checker.guard.reference import reference
from checker.image import catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from checker.exercise import Exercise

__all__ = ["grants_of"]


def grants_of(exercise: Exercise, work: Path) -> Grants:
    """Return what the scripts of an exercise may ask for.

    They may see, run and pull every image of the catalogue: an unusual solution is no worse for it. Those that they
    pull themselves they may remove as well.

    Args:
        exercise: Its manifest says what it allows.
        work: The run's own copy of the work.
    """
    return Grants(
        work=work,
        images=frozenset(str(reference(image.name)) for image in catalogue()),
        changes=frozenset(str(reference(name)) for name in exercise.pulls),
        prefixes=exercise.prefixes,
        allow=frozenset(exercise.allow),
    )
