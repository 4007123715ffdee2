"""What a run of pytest keeps for several parts of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import pytest

from checker.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.workbench.bench import Bench

__all__ = ["BENCH", "ENGINE", "STARTED", "STREAM"]

ENGINE = pytest.StashKey[Engine]()
"""The engine, once a check has asked for it."""
BENCH: pytest.StashKey[Bench | None] = pytest.StashKey()
"""The bench that is open."""
STARTED: pytest.StashKey[Callable[[str], None]] = pytest.StashKey()
"""Told of each file of the learner's before it is run, if somebody keeps a journal."""
STREAM = pytest.StashKey[TextIO]()
"""Where the conversation with the engine is told, if somebody wants to hear it."""
