"""What of a release is written anew: the learners' README, the workflows, and a ``pyproject.toml`` for them."""

from __future__ import annotations

import json
import math
import re
from importlib.resources import files
from typing import TYPE_CHECKING

from checker.phrase import language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

    from checker.exercise import Course, Exercise
    from checker.phrase import Language
    from checker.release.pin import Pin

__all__ = ["written"]

BESIDES = 8  # minutes that a step of a workflow has beyond its exercise's own, twice
_DEVELOPERS = ("[dependency-groups]", "[tool.mypy]", "[[tool.mypy.", "[tool.ruff]", "[tool.ruff.")
_BLANK = re.compile(r"^(?P<indent> *)(?:# )?@(?P<name>[A-Z]+)@$|@(?P<word>[A-Z]+)@", re.MULTILINE)


def written(course: Course, pin: Pin) -> dict[str, str]:
    """Return, by their path in the release, the texts that are written: ``learners/`` with its blanks filled."""
    exercises = course.exercises()
    blanks = {
        "REPOSITORY": pin.repository,
        "COMMIT": pin.commit,
        "OWNER": pin.owner,
        "LANGUAGE": language(),
        "STEPS": "".join(_step(exercise) for exercise in exercises),
        "RESULTS": "".join(
            f"EX-{each.number}_RESULTS: ${{{{ steps.ex-{each.number}.outputs.result }}}}\n" for each in exercises
        ),
        "RUNNERS": ",".join(f"ex-{exercise.number}" for exercise in exercises),
        "TABLE": _table(exercises, "en"),
        "TABLEKO": _table(exercises, "ko"),
    }
    texts = {name: _filled(text, blanks) for name, text in _templates(files("checker") / "release" / "learners")}
    pyproject = (course.root / "pyproject.toml").read_text(encoding="utf-8")
    return {**texts, "pyproject.toml": _for_learners(pyproject)}


def _templates(folder: Traversable, path: str = "") -> list[tuple[str, str]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _templates(entry, f"{path}{entry.name}/")
        else:
            found.append((f"{path}{entry.name}", entry.read_text(encoding="utf-8")))
    return found


def _filled(text: str, blanks: Mapping[str, str]) -> str:
    """Fill the blanks; one that has a line to itself, or a comment, takes its indentation along for every line."""

    def fill(match: re.Match[str]) -> str:
        value = blanks[match["name"] or match["word"]].rstrip("\n")
        return "\n".join(f"{match['indent'] or ''}{line}" for line in value.split("\n"))

    return _BLANK.sub(fill, text)


def _step(exercise: Exercise) -> str:
    """Return an exercise's step of ``classroom.yml``."""
    name = json.dumps(
        f"{exercise.number} {exercise.title.en}".replace("${{", "$ {{"), ensure_ascii=False
    )  # is YAML, too
    minutes = 2 * math.ceil(exercise.seconds / 60) + BESIDES
    return (
        f"- name: {name}\n"
        f"  id: ex-{exercise.number}\n"
        "  if: ${{ !cancelled() && steps.up.outcome == 'success' }}\n"
        f"  timeout-minutes: {minutes}\n"
        "  working-directory: ${{ runner.temp }}\n"
        '  run: python3 -I "$GITHUB_WORKSPACE/course/checker/release/step.py" '
        f'classroom "$GITHUB_WORKSPACE/work" {exercise.number}\n'
    )


def _table(exercises: tuple[Exercise, ...], wanted: Language) -> str:
    """Return the exercises as rows of a Markdown table."""
    rows = (
        f"| [{each.number}](exercises/{each.name}/{'README.ko.md' if wanted == 'ko' else ''}) "
        f"| {each.title.in_language(wanted).replace('|', '&#124;')} "
        f"| {sum(check.points for check in each.checks)} |"
        for each in exercises
    )
    return "\n".join(rows)


def _for_learners(pyproject: str) -> str:
    """Return the project's own settings without what only those need who work on the checker."""
    tables = re.split(r"^(?=\[)", pyproject, flags=re.MULTILINE)
    kept = "".join(table for table in tables if not table.startswith(_DEVELOPERS))
    return kept.replace('testpaths = ["tests"]', 'testpaths = ["exercises"]').rstrip() + "\n"
