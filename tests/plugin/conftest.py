"""A course of one small exercise whose checks need no engine, and pytest run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MANIFEST = """
title = { en = "Small", ko = "작은 문제" }
files = ["run.sh"]
images = []
seconds = 30

[mistake.wrong]
en = "{what} is wrong."
ko = "{what:이} 틀렸어요."
"""
CHECK = """
[[check]]
id = "%s"
points = %d
title = { en = "Title of %s", ko = "%s의 제목" }
"""
OURS = {"KATA_LANG": "en", "COLUMNS": "80"}
SETTINGS = """
[tool.pytest]
addopts = ["--import-mode=importlib", "--disable-plugin-autoload", "-pno:hypothesispytest"]
"""
ROOT = Path(__file__).resolve().parent.parent.parent


class SmallCourse:
    """A root folder with ``exercises/01_small``, to be filled with checks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.exercise = root / "exercises" / "01_small"
        (self.exercise / ".checks").mkdir(parents=True)
        (self.exercise / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
        (root / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
        (root / "conftest.py").write_text('pytest_plugins = ["checker.plugin"]\n', encoding="utf-8")

    def write(self, checks: str, points: dict[str, int] | None = None, manifest: str = MANIFEST) -> None:
        points = {"one": 4, "two": 6} if points is None else points
        rows = "".join(CHECK % (name, worth, name, name) for name, worth in points.items())
        head, brackets, tail = manifest.partition("[mistake")
        (self.exercise / "exercise.toml").write_text(head + rows + brackets + tail, encoding="utf-8")
        code = f"from checker.verdict import Mistake\nfrom checker.phrase import KataError\nimport pytest\n{checks}"
        (self.exercise / ".checks" / "test_small.py").write_text(code, encoding="utf-8")

    def run_into_a_closed_pipe(self) -> Ran:
        """Run pytest on the one exercise, and let nobody read what it says."""
        reader, writer = os.pipe()
        os.close(reader)
        try:
            return self.run(stdout=writer)
        finally:
            os.close(writer)

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        grades: str = "grades.json",
        stdout: int = subprocess.PIPE,
        **environ: str,
    ) -> Ran:
        """Run pytest, by default on the one exercise; without ``grades`` it is not asked to write any."""
        file = self.root / (grades or "nothing.json")
        file.unlink(missing_ok=True)
        options = [f"--grades={file}"] if grades else []
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTEST_", "COLUMNS"))}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *(arguments or ("exercises/01",)), *options],
            cwd=cwd or self.root,
            env={**environment, "PYTHONPATH": str(ROOT), **OURS, **environ},
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
        data = json.loads(file.read_text(encoding="utf-8"))["grades"] if file.is_file() else []
        said = (done.stdout or b"").decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return Ran(done.returncode, *said, data)


class Ran:
    """How a run of pytest ended."""

    def __init__(self, code: int, out: str, err: str, grades: list[dict[str, Any]]) -> None:
        self.code = code
        self.out = out
        self.err = err
        self.grades = grades

    def outcomes(self) -> dict[str, str]:
        return {v["check"]: v["outcome"] for v in self.grades[0]["verdicts"]}

    def feedback(self, check: str) -> dict[str, str]:
        found: dict[str, str] = next(v["feedback"] for v in self.grades[0]["verdicts"] if v["check"] == check)
        return found


@pytest.fixture
def small(tmp_path: Path) -> SmallCourse:
    """An empty course."""
    return SmallCourse(tmp_path)
