"""A result as one JSON file: written in one form, and read back only if it is what would be written."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast, get_args

from checker.grading.names import is_ordinary
from checker.phrase import with_remedy
from checker.report.result import Result, State
from checker.report.strict import strict_json
from checker.verdict import Grade, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.exercise import Exercise

__all__ = ["LARGEST", "read_record", "record"]

LARGEST = 4_000_000  # bytes; feedback on all checks of an exercise is some thousand
_STRINGS = ("student", "exercise", "state", "work", "checks", "report")


def record(result: Result) -> bytes:
    """Return what the file of a result has in it.

    Raises:
        ValueError: It has a number that JSON has no digits for, or is too large to be read back.
    """
    data = _canonical(result.to_json()).encode()
    if len(data) > LARGEST:
        raise ValueError(f"a result of {len(data)} bytes")
    return data


def read_record(data: bytes, exercise: Exercise) -> Result:
    """Return the result that a file has in it.

    Args:
        data: All of the file.
        exercise: What it should be of; its manifest says what the points are.

    Raises:
        ValueError: It is anything but what ``record`` makes of a result of this exercise: a key is unknown, missing or
            there twice, a value of another type or not finite, a sum wrong, or a check not in the manifest.
    """
    if len(data) > LARGEST:
        raise ValueError("not a result: it is too large")
    found = strict_json(data)
    if not isinstance(found, dict) or not _is_of(found, exercise):
        raise ValueError("not a result of this exercise")
    try:
        result = _result(found, exercise)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a result: {error!r}") from error
    if _canonical(result.to_json()) != _canonical(found):
        raise ValueError("not a result: it would have been written in another way")
    return result


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")) + "\n"


def _is_of(found: Mapping[str, Any], exercise: Exercise) -> bool:
    strings = all(isinstance(found.get(key), str) for key in _STRINGS)
    return strings and found["exercise"] == exercise.name and found["state"] in get_args(State)


def _result(found: Mapping[str, Any], exercise: Exercise) -> Result:
    grade, seconds = found["grade"], found["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
        raise ValueError("not a result: its seconds")
    if (found["state"] == "graded") != (grade is not None) or not _is_inside(found["report"]):
        raise ValueError("not a result: its grade or its report")
    return Result(
        student=found["student"],
        exercise=exercise.name,
        state=cast("State", found["state"]),
        grade=None if grade is None else _grade(grade, exercise),
        reason=_reason(found["reason"]),
        work=_digest(found["work"]),
        checks=_digest(found["checks"]),
        report=found["report"],
        seconds=seconds,
    )


def _grade(found: Mapping[str, Any], exercise: Exercise) -> Grade:
    return Grade.of(exercise.name, exercise.checks, [Verdict.from_json(verdict) for verdict in found["verdicts"]])


def _reason(found: object) -> tuple[str, Mapping[str, str]] | None:
    """Return the reason, which has to be a sentence that exists, with all its blanks."""
    if found is None:
        return None
    match found:
        case [str(key), dict(blanks)] if all(isinstance(value, str) for value in blanks.values()):
            with_remedy(key).fill(blanks)
            return key, blanks
    raise ValueError("not a result: its reason")


def _digest(found: str) -> str:
    if found and (len(found) != 64 or found.strip("0123456789abcdef")):
        raise ValueError("not a result: a digest")
    return found


def _is_inside(report: str) -> bool:
    """Return whether a report's path stays in the results' folder, and is nothing a browser takes for an address."""
    return not report or all(map(is_ordinary, report.split("/")))
