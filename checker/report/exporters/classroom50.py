"""Classroom 50: ``result.json``, schema ``classroom50/result/v1``.

Whose submission it is stands in the environment that its runner makes; the runner and the collector compare it with
the repository's own name, so that a payload cannot land in somebody else's scores. Scores are whole numbers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checker.phrase import KataError
from checker.report.exporters.wording import in_one_line, said, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checker.report.exporters.setting import Setting
    from checker.report.graded import Graded, Row

__all__ = ["classroom50"]

SCHEMA = "classroom50/result/v1"
TYPES = ("individual", "group", "team")
MOST_TESTS = 100
LONGEST_NAME, LONGEST_MESSAGE = 120, 2000  # characters
_NEEDED = ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL")


def classroom50(graded: Sequence[Graded], setting: Setting) -> str:
    """Return ``result.json`` for these exercises; where they have over a hundred checks, a test an exercise.

    Raises:
        KataError: ``export.no_identity``: a variable of its runner is missing or is not what it must be.
    """
    rows = [_check(row, setting) for each in graded for row in each.rows]
    tests = rows if len(rows) <= MOST_TESTS else [_exercise(each, setting) for each in graded]
    result = {
        "schema": SCHEMA,
        **_identity(setting.environ),
        "datetime": setting.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(each.grade.points for each in graded),
        "max-score": sum(each.grade.max_points for each in graded),
        "tests": tests,
    }
    return json.dumps(result, ensure_ascii=False, indent=1) + "\n"


def _identity(environ: Mapping[str, str]) -> dict[str, str]:
    owner = environ.get("OWNER") or environ.get("USERNAME", "")
    missing = [name for name in _NEEDED if not environ.get(name)] + ([] if owner else ["OWNER"])
    kind = environ.get("ASSIGNMENT_TYPE") or TYPES[0]
    wrong = [*missing, *([] if kind in TYPES else ["ASSIGNMENT_TYPE"])]
    if not missing and not environ["SUBMISSION_TAG"].startswith("submit/"):
        wrong.append("SUBMISSION_TAG")
    if wrong:
        raise KataError("export.no_identity", names=", ".join(wrong))
    return {
        "classroom": environ["CLASSROOM"],
        "assignment": environ["ASSIGNMENT"],
        "assignment_type": kind,
        "owner": owner,
        "submission": environ["SUBMISSION_TAG"],
        "commit": environ["COMMIT_URL"],
        "release": environ["RELEASE_URL"],
        "review": environ.get("REVIEW_URL") or environ["COMMIT_URL"],
    }


def _check(row: Row, setting: Setting) -> dict[str, Any]:
    test: dict[str, Any] = {
        "test-name": in_one_line(f"{row.number} {setting.say(row.check.title)}", LONGEST_NAME),
        "passed": row.passed,
        "score": row.points,
        "max-score": row.check.points,
        "outcome": row.outcome.value,
    }
    message = told(said(row, setting.language), LONGEST_MESSAGE)
    return {**test, "message": message} if message else test


def _exercise(each: Graded, setting: Setting) -> dict[str, Any]:
    return {
        "test-name": in_one_line(f"{each.exercise.number} {setting.say(each.exercise.title)}", LONGEST_NAME),
        "passed": all(row.passed for row in each.rows),
        "score": each.grade.points,
        "max-score": each.grade.max_points,
        "outcome": each.outcome.value,
    }
