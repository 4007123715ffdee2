"""What a check can say of a piece of work, and how it is written down: the waist of the program.

Everything above produces verdicts, everything below reads them. Nothing here knows pytest, Docker or a terminal.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.phrase import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Check", "Grade", "Mistake", "Outcome", "Verdict"]


class Outcome(enum.StrEnum):
    """The four things that can become of a check."""

    PASSED = "passed"
    FAILED = "failed"
    """The learner made a mistake; the feedback says which."""
    BLOCKED = "blocked"
    """It needs something that an earlier check has already found wanting."""
    BROKEN = "broken"
    """Our fault, or the machine's; no point is lost over it, and the grade is not final."""


class Mistake(Exception):  # noqa: N818 - what a learner makes is a mistake, not an error
    """Something the learner did; raised by a check or a step, wherever it notices.

    ``Mistake("published_to_everyone", address="0.0.0.0")`` names a ``[mistake.*]`` of the exercise's own
    ``exercise.toml``; a dotted key (``"script.still_running"``) names a sentence that all exercises share.
    """

    def __init__(self, key: str, /, **blanks: object) -> None:
        super().__init__(key, blanks)
        self.key = key
        self.blanks = blanks

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.key, self.blanks)


def _rebuild(key: str, blanks: dict[str, object]) -> Mistake:
    return Mistake(key, **blanks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check as the manifest announces it."""

    id: str
    points: int
    title: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one check.

    Attributes:
        exercise: The exercise's folder name, ``04_run_redis``.
        check: The check's id in the manifest.
        outcome: What became of it.
        feedback: What the learner reads under it; None where there is nothing to say.
        mistake: The key of the mistake that was made; empty otherwise.
        blocked_by: The id of the check that has to pass first; empty unless blocked.
        seconds: How long it took, including the steps it was the first to need.
    """

    exercise: str
    check: str
    outcome: Outcome
    feedback: Text | None = None
    mistake: str = ""
    blocked_by: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain data for a JSON file or another process."""
        return {
            "exercise": self.exercise,
            "check": self.check,
            "outcome": self.outcome.value,
            "feedback": None if self.feedback is None else {"en": self.feedback.en, "ko": self.feedback.ko},
            "mistake": self.mistake,
            "blocked_by": self.blocked_by,
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Read back what ``to_json`` wrote.

        Raises:
            ValueError: The data is not a verdict: a key is missing, unknown, or of another type.
        """
        kinds = {"exercise": str, "check": str, "outcome": str, "mistake": str, "blocked_by": str}
        feedback, seconds = data.get("feedback"), data.get("seconds")
        if set(data) != {*kinds, "feedback", "seconds"}:
            raise ValueError(f"not a verdict: its keys are {sorted(data)}")
        if not all(isinstance(data[key], kind) for key, kind in kinds.items()):
            raise ValueError("not a verdict: a value has another type than it should")
        if not isinstance(seconds, int | float) or not (feedback is None or _is_text(feedback)):
            raise ValueError("not a verdict: a value has another type than it should")
        return cls(
            exercise=data["exercise"],
            check=data["check"],
            outcome=Outcome(data["outcome"]),
            feedback=None if feedback is None else Text(en=feedback["en"], ko=feedback["ko"]),
            mistake=data["mistake"],
            blocked_by=data["blocked_by"],
            seconds=float(seconds),
        )


def _is_text(data: object) -> bool:
    return isinstance(data, dict) and set(data) == {"en", "ko"} and all(isinstance(v, str) for v in data.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The verdicts on one piece of work, held against the manifest: what did not run earns nothing."""

    exercise: str
    checks: tuple[Check, ...]
    verdicts: tuple[Verdict, ...]

    @classmethod
    def of(cls, exercise: str, checks: Iterable[Check], verdicts: Iterable[Verdict]) -> Grade:
        """Keep, in the manifest's order, the one verdict that counts for each check.

        A verdict on a check that the manifest does not know is dropped; of several on one check the worst counts.
        """
        checks = tuple(checks)
        severity = (Outcome.PASSED, Outcome.BLOCKED, Outcome.FAILED, Outcome.BROKEN).index
        worst: dict[str, Verdict] = {}
        for verdict in verdicts:
            known = worst.get(verdict.check)
            if known is None or severity(verdict.outcome) > severity(known.outcome):
                worst[verdict.check] = verdict
        kept = tuple(worst[check.id] for check in checks if check.id in worst)
        return cls(exercise=exercise, checks=checks, verdicts=kept)

    @property
    def points(self) -> int:
        """The points earned."""
        passed = {v.check for v in self.verdicts if v.outcome is Outcome.PASSED}
        return sum(check.points for check in self.checks if check.id in passed)

    @property
    def max_points(self) -> int:
        """The points there are to earn."""
        return sum(check.points for check in self.checks)

    @property
    def is_final(self) -> bool:
        """Whether every check of the manifest has a verdict and none is broken."""
        return len(self.verdicts) == len(self.checks) and not self.has(Outcome.BROKEN)

    def has(self, outcome: Outcome) -> bool:
        """Return whether any check came to this outcome."""
        return any(verdict.outcome is outcome for verdict in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """Return the grade as plain data: its totals for whoever only reads, its verdicts for whoever reckons."""
        return {
            "exercise": self.exercise,
            "points": self.points,
            "max_points": self.max_points,
            "final": self.is_final,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
        }
