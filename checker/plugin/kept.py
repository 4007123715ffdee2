"""What a run of pytest keeps for several parts of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import pytest

from checker.engine import Engine

if TYPE_CHECKING:
    from checker.plugin.journal import Journal
    from checker.workbench.bench import Bench

__all__ = ["BENCH", "ENGINE", "JOURNAL", "STREAM"]

ENGINE = pytest.StashKey[Engine]()
"""The engine, once a check has asked for it."""
BENCH: pytest.StashKey[Bench | None] = pytest.StashKey()
"""The bench that is open."""
JOURNAL: pytest.StashKey[Journal] = pytest.StashKey()
"""Where verdicts are written as they come, if somebody asked for it."""
STREAM = pytest.StashKey[TextIO]()
"""Where the conversation with the engine is told, if somebody wants to hear it."""
