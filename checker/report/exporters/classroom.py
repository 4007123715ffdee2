"""GitHub Classroom: what its action ``autograding-grading-reporter`` (v1) reads, decoded.

The reporter computes two totals. Its table shows ``passed tests / tests * max_score`` and knows nothing of scores; the
notice that reaches the gradebook sums the scores. They agree when every test is worth the same: so a check is written
as several tests, as many as it has shares, where a share is the greatest common divisor of all points.

Its log shows names and messages as they are, hence in one line each, and it reads everything out of an environment
variable, which Linux limits to 128 KiB (``MAX_ARG_STRLEN``), and all of them together to a quarter of the stack.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from checker.phrase import KataError, phrase
from checker.report.exporters.wording import in_one_line, said
from checker.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checker.report.exporters.setting import Setting
    from checker.report.graded import Graded, Row

__all__ = ["classroom"]

LARGEST_EXERCISE = 30_000  # bytes; 24 of them in base64 stay below a megabyte
LARGEST = 96_000  # bytes; 128,000 in base64
LONGEST_NAME = 120  # characters
_MESSAGES = (1500, 700, 300, 120, 40, 12)  # characters, tried until it fits
_STATUS = {Outcome.PASSED: "pass", Outcome.FAILED: "fail", Outcome.BLOCKED: "fail", Outcome.BROKEN: "error"}


def classroom(graded: Sequence[Graded], setting: Setting) -> str:
    """Return the reporter's JSON for these exercises; the action wants it in base64.

    Raises:
        KataError: ``export.too_large``: it does not fit into an environment variable.
    """
    room = min(LARGEST, LARGEST_EXERCISE * len(graded))
    for longest in _MESSAGES:
        text = json.dumps(_payload(graded, setting, longest), ensure_ascii=False) + "\n"
        if len(text.encode()) <= room:
            return text
    raise KataError("export.too_large", most=room)


def _payload(graded: Sequence[Graded], setting: Setting, longest: int) -> dict[str, Any]:
    share = math.gcd(*(check.points for each in graded for check in each.grade.checks))
    return {
        "version": 1,
        "status": _status({each.outcome for each in graded}),
        "max_score": sum(each.grade.max_points for each in graded),
        "tests": [test for each in graded for row in each.rows for test in _tests(each, row, share, setting, longest)],
    }


def _status(outcomes: set[Outcome]) -> str:
    for outcome in (Outcome.BROKEN, Outcome.FAILED):
        if outcome in outcomes:
            return _STATUS[outcome]
    return _STATUS[Outcome.PASSED]


def _tests(each: Graded, row: Row, share: int, setting: Setting, longest: int) -> Iterator[dict[str, Any]]:
    """Yield a test for each share of a check; one where nothing has points, none where only this check has none."""
    shares = row.check.points // share if share else 1
    for place in range(1, shares + 1):
        yield {
            "name": _name(row, setting, place, shares),
            "status": _STATUS[row.outcome],
            "message": _message(row, setting, longest, is_first=place == 1),
            "test_code": "",
            "filename": f"exercises/{each.exercise.name}",
            "line_no": 0,  # hides the line
            "duration": round(row.seconds, 3) if place == 1 else 0,
            "score": share if row.passed else 0,
        }


def _name(row: Row, setting: Setting, place: int, shares: int) -> str:
    """Return a test's name; the title once, since everything has to fit."""
    title = setting.say(row.check.title) if place == 1 else "…"
    part = f" ({place}/{shares})" if shares > 1 else ""
    return in_one_line(f"{row.number} {title}", LONGEST_NAME) + part


def _message(row: Row, setting: Setting, longest: int, *, is_first: bool) -> str:
    if row.passed:
        return ""
    return in_one_line(said(row, setting.language) if is_first else setting.say(phrase("export.as_above")), longest)
