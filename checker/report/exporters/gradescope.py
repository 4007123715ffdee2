"""Gradescope: ``/autograder/results/results.json``.

Every format is declared as ``text``, so that nothing a learner wrote is read as HTML, Markdown or ANSI. Gradescope
knows only passed and failed: what could not be judged is said in words, before anything else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checker.phrase import phrase
from checker.report.exporters.wording import in_one_line, said, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.report.exporters.setting import Setting
    from checker.report.graded import Graded, Row

__all__ = ["gradescope"]

LONGEST_NAME, LONGEST_OUTPUT = 200, 4000  # characters


def gradescope(graded: Sequence[Graded], setting: Setting) -> str:
    """Return ``results.json`` for these exercises."""
    rows = [row for each in graded for row in each.rows]
    is_final = all(each.grade.is_final for each in graded)
    result = {
        "score": sum(each.grade.points for each in graded),
        "execution_time": round(sum(row.seconds for row in rows), 3),
        "output": setting.say(phrase("export.final" if is_final else "export.not_final")),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"final": is_final, "max_score": sum(each.grade.max_points for each in graded)},
        "tests": [_test(row, setting) for row in rows],
    }
    return json.dumps(result, ensure_ascii=False, indent=1) + "\n"


def _test(row: Row, setting: Setting) -> dict[str, Any]:
    return {
        "score": row.points,
        "max_score": row.check.points,
        "status": "passed" if row.passed else "failed",
        "name": in_one_line(setting.say(row.check.title), LONGEST_NAME),
        "name_format": "text",
        "number": row.number,
        "output": told(said(row, setting.language), LONGEST_OUTPUT),
        "output_format": "text",
        "visibility": "visible",
        "extra_data": {"check": row.check.id, "outcome": row.outcome.value},
    }
