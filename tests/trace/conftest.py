"""Conversations that were recorded from a real engine, and two that were written after its manner."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.guard.transcript import Entry
from checker.trace import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from checker.phrase import Language

HERE = Path(__file__).resolve().parent
NAMES = sorted(path.stem for path in (HERE / "conversations").glob("*.json"))


def entries(name: str) -> tuple[Entry, ...]:
    """Return a recorded transcript."""
    rows = json.loads((HERE / "conversations" / f"{name}.json").read_text(encoding="utf-8"))
    return tuple(Entry(**{**row, "lines": tuple(row.get("lines", ()))}) for row in rows)


def moments(transcript: Iterable[Entry]) -> list[Entry]:
    """Return what a guard would have told: each entry as it began, at each of its lines, and as it ended."""
    told: list[tuple[float, int, int, Entry]] = []
    for entry in transcript:
        begun = replace(entry, asked=None, status=0, answered=None, lines=(), denied="", received=0, seconds=0, end="")
        steps = [begun, *(replace(begun, status=200, lines=entry.lines[:n]) for n in range(1, len(entry.lines) + 1))]
        told += [(round(entry.at, 6), 1, n, step) for n, step in enumerate(steps)]
        told += [(round(entry.at + entry.seconds, 6), 0 if entry.seconds else 2, 0, entry)]
    return [entry for *_, entry in sorted(told, key=lambda moment: moment[:3])]


@pytest.fixture
def told() -> Callable[..., str]:
    """What a terminal shows of a transcript, with the summary."""

    def tell(transcript: Sequence[Entry], language: Language = "en", **look: object) -> str:
        stream = io.StringIO()
        live = Live(stream, language=language, **look)  # type: ignore[arg-type]  # whatever a test wants
        for entry in moments(transcript):
            live.tell(entry)
        live.summary()
        assert live.failure is None
        return stream.getvalue()

    return tell
