"""``--journal``: what is found, written down as it is found, for a grader that may have to stop us at any moment.

A line of JSON for each file of the learner's before it is run (``{"started": "run.sh"}``), for each verdict
(``{"verdict": …}``), and one at the end (``{"end": true}``), without which something is missing.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from checker.plugin.judging import verdict_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Journal"]


class Journal:
    """A pytest plugin that writes the journal.

    Args:
        file: Where to; what is there already stays.
    """

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def started(self, file: str) -> None:
        """Write down that something of the learner's is about to run."""
        self._write({"started": file})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down a verdict."""
        verdict = verdict_of(report)
        if verdict is not None:
            self._write({"verdict": verdict.to_json()})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write down that this is all."""
        self._write({"end": True})

    def _write(self, entry: dict[str, object]) -> None:
        os.write(self._descriptor, json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
