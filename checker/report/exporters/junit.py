"""JUnit XML, as the Jenkins and GitLab readers take it: a suite an exercise, a case a check.

A mistake is a ``failure``, a check that waits for another one ``skipped``, and what could not be judged an ``error``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # what is written here is not read here

from checker.report.exporters.wording import in_one_line, said, told
from checker.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.report.exporters.setting import Setting
    from checker.report.graded import Graded, Row

__all__ = ["junit"]

LONGEST_NAME, LONGEST_MESSAGE, LONGEST_TEXT = 200, 300, 8000  # characters
_ELEMENT = {Outcome.FAILED: "failure", Outcome.BLOCKED: "skipped", Outcome.BROKEN: "error"}
_COUNT = {"failures": Outcome.FAILED, "errors": Outcome.BROKEN, "skipped": Outcome.BLOCKED}


def junit(graded: Sequence[Graded], setting: Setting) -> str:
    """Return the XML for these exercises."""
    root = ET.Element("testsuites", {"name": "docker-kata", **_counts([row for each in graded for row in each.rows])})
    for each in graded:
        _suite(root, each, setting)
    ET.indent(root, " ")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _suite(root: ET.Element, each: Graded, setting: Setting) -> None:
    when = setting.now.strftime("%Y-%m-%dT%H:%M:%S")
    suite = ET.SubElement(root, "testsuite", {"name": each.exercise.name, **_counts(each.rows), "timestamp": when})
    for row in each.rows:
        _case(suite, each, row, setting)


def _case(suite: ET.Element, each: Graded, row: Row, setting: Setting) -> None:
    name = in_one_line(f"{row.number} {setting.say(row.check.title)}", LONGEST_NAME)
    case = ET.SubElement(
        suite, "testcase", {"classname": each.exercise.name, "name": name, "time": f"{row.seconds:.3f}"}
    )
    properties = ET.SubElement(case, "properties")
    for key, value in {"check": row.check.id, "points": row.points, "max_points": row.check.points}.items():
        ET.SubElement(properties, "property", {"name": key, "value": str(value)})
    if not row.passed:
        text = said(row, setting.language)
        element = ET.SubElement(case, _ELEMENT[row.outcome], {"message": in_one_line(text, LONGEST_MESSAGE)})
        element.text = told(text, LONGEST_TEXT)


def _counts(rows: Sequence[Row]) -> dict[str, str]:
    counts = {name: sum(row.outcome is outcome for row in rows) for name, outcome in _COUNT.items()}
    return {
        "tests": str(len(rows)),
        **{name: str(count) for name, count in counts.items()},
        "time": f"{sum(row.seconds for row in rows):.3f}",
    }
