"""Lines that fit: Korean takes two cells a letter, and nothing may be cut."""

from __future__ import annotations

import re

__all__ = ["columns", "inert", "width", "wrap"]


def width(text: str) -> int:
    """Return how many cells a terminal needs for ``text``."""
    if text.isascii() and text.isprintable():
        return len(text)
    from wcwidth import wcswidth  # noqa: PLC0415 - its tables take longer to load than all else in a short run

    return max(wcswidth(text), 0)


def wrap(text: str, room: int) -> list[str]:
    """Return ``text`` in lines of at most ``room`` cells, broken at blanks; a longer word is broken anywhere."""
    lines = []
    for paragraph in text.expandtabs(4).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if width(longer) <= room:
                line = longer
                continue
            lines += [line] if line else []
            *full, line = _pieces(word, room)
            lines += full
        lines.append(line)
    return lines


def _pieces(word: str, room: int) -> list[str]:
    pieces, used = [""], 0
    for letter in word:
        cells = width(letter)
        if used + cells > room and pieces[-1]:
            pieces.append("")
            used = 0
        pieces[-1] += letter
        used += cells
    return pieces


def columns(left: str, right: str, room: int) -> list[str]:
    """Return ``left`` wrapped, with ``right`` at the end of its first line."""
    first, *rest = wrap(left, max(room - width(right) - 2, 8))
    gap = max(room - width(first) - width(right), 1)
    return [f"{first}{' ' * gap}{right}", *rest]


def inert(line: str) -> str:
    """Return an indented line, in the same width, that GitHub Actions does not take for a workflow command of its own.

    Those are ``::name::`` behind the blanks at the beginning of a line, and ``##[name]`` anywhere in it.
    """
    return re.sub(r"^(\s*)\s::", r"\1|::", line).replace("##[", "# [")
