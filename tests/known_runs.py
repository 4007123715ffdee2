"""A pytest plugin that lets a test know which runs are its own: their ids begin with ``$KATA_TEST_RUNS``."""

from __future__ import annotations

import os
import secrets
from types import SimpleNamespace

from checker.workbench import run

BEGINNING = "KATA_TEST_RUNS"


def pytest_configure() -> None:
    """Put the beginning before every id of a run in this process."""

    def named(size: int) -> str:
        return os.environ[BEGINNING] + secrets.token_hex(size)

    vars(run)["secrets"] = SimpleNamespace(token_hex=named)
