"""What a process that judged has to say: its journal, read strictly. Its exit code and what it printed say nothing."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.report.strict import strict_json
from checker.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from checker.exercise import Exercise

__all__ = ["Account", "read_account"]

LARGEST = 4_000_000  # bytes; an exercise's verdicts are some thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of one exercise as far as it is known.

    Attributes:
        verdicts: In the order in which they came; the manifest decides which of them count.
        started: Whether anything of the learner's was run.
        is_complete: Whether the process came to its end.
    """

    verdicts: tuple[Verdict, ...] = ()
    started: bool = False
    is_complete: bool = False


def read_account(file: Path, exercise: Exercise) -> Account:
    """Return what a journal says; nothing where there is none. A last line that was cut off is left out.

    Raises:
        ValueError: A line is none that ``checker.plugin.journal`` writes, or is about another exercise.
    """
    try:
        content = _content(file)
    except FileNotFoundError:
        return Account()
    entries = [_entry(line) for line in content.split(b"\n")[:-1]]
    verdicts = tuple(_verdicts(entries, exercise))
    started = any(set(entry) == {"started"} for entry in entries)
    return Account(verdicts=verdicts, started=started, is_complete={"end": True} in entries)


def _content(file: Path) -> bytes:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        content = opened.read(LARGEST + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    if len(content) > LARGEST:
        raise ValueError(f"a journal of more than {LARGEST} bytes")
    return content


def _entry(line: bytes) -> Mapping[str, Any]:
    entry = strict_json(line)
    match entry:
        case {"started": str()} | {"verdict": dict()} | {"end": True} if len(entry) == 1:
            return dict(entry)
    raise ValueError("not an entry of a journal")


def _verdicts(entries: list[Mapping[str, Any]], exercise: Exercise) -> Iterator[Verdict]:
    for entry in entries:
        if "verdict" in entry:
            verdict = Verdict.from_json(entry["verdict"])
            if verdict.exercise != exercise.name:
                raise ValueError(f"a verdict on {verdict.exercise}")
            if not math.isfinite(verdict.seconds) or verdict.seconds < 0:
                raise ValueError("seconds that are no time")
            yield verdict
