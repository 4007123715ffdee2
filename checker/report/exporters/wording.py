"""What a learner wrote or printed, made harmless for where it is shown: terminals, workflow logs, XML, a small field.

Nothing here makes HTML or Markdown: every exporter declares its text as plain text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checker.phrase import plain

if TYPE_CHECKING:
    from checker.phrase import Language
    from checker.report.graded import Row

__all__ = ["clip", "in_one_line", "said", "told"]

# what XML 1.0 allows nobody to write, not even as a reference; `plain` has taken the control characters already
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")
# GitHub Actions obeys a line that begins with `::name key=value::`, and its older `##[name]` anywhere in a line;
# what is harmless inside a line today is at the beginning of one after somebody else's cut
_COMMAND = re.compile(r"^\s*::(?=\w)|::(?=[\w-]+(?:\s.*)?::)")


def clip(text: str, most: int) -> str:
    """Return ``text`` in at most ``most`` characters: where it is longer, its beginning and its end."""
    if len(text) <= most:
        return text
    if most < 8:
        return "…"[:most]
    tail = most // 3
    return f"{text[: most - tail - 3]} … {text[-tail:]}"


def told(text: str, most: int) -> str:
    """Return ``text`` in about ``most`` characters, in lines, without what steers a terminal or a workflow's log."""
    shown = clip(_NO_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", plain(text)).strip(), most)
    return _without_commands(shown)


def in_one_line(text: str, most: int) -> str:
    """Return ``text`` in one line of about ``most`` characters that no workflow log takes for a command.

    A reporter prints names and messages as they are; a line of its own that begins with ``::notice`` would be
    a grade.
    """
    lines = (" ".join(line.split()) for line in told(text, 4 * most).split("\n"))
    return _without_commands(clip(" / ".join(filter(None, lines)), most))


def _without_commands(text: str) -> str:
    lines = (line.replace("::", ": :") if _COMMAND.search(line) else line for line in text.split("\n"))
    return "\n".join(lines).replace("##[", "# [")


def said(row: Row, language: Language) -> str:
    """Return what the learner reads under a check; empty where there is nothing to say."""
    return "" if row.feedback is None else row.feedback.in_language(language)
