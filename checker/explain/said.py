"""What a program printed, made legible: plain lines to look for words in, a short tail to quote."""

from __future__ import annotations

import re

from checker.phrase import plain

__all__ = ["legible", "tail"]

SEARCHED = 200_000  # characters of what was printed: half of them its beginning, half its end
LONGEST_LINE = 2_000  # characters; Docker's own lines are some hundred
TAIL_LINES = 5
TAIL_CHARACTERS = 400


def legible(said: str) -> str:
    """Return ``said`` as plain lines of bounded number and length.

    Colours go, a carriage return alone ends a line as a new line does (progress bars), and of very much
    text the middle is left out.
    """
    if len(said) > SEARCHED:
        said = f"{said[: SEARCHED // 2]}\n{said[-SEARCHED // 2 :]}"
    lines = plain(re.sub(r"\r\r?\n?", "\n", said)).split("\n")
    return "\n".join(line[:LONGEST_LINE] for line in lines)


def tail(said: str) -> str:
    """Return the last few lines of ``said`` that are not empty, short enough to quote."""
    lines = [line.rstrip() for line in legible(said).splitlines() if line.strip()]
    kept = "\n".join(lines[-TAIL_LINES:])
    return kept if len(kept) <= TAIL_CHARACTERS else f"…{kept[-TAIL_CHARACTERS + 1 :]}"
