"""Sees whether a written answer leaves the choice to its reader: two things where one was asked for."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["hedges", "without_quotes"]

# around an answer, or of a list; no words of it
QUOTES = str.maketrans("", "", "\"'`\u201c\u201d\u2018\u2019[]{}")
ASIDE = r"(?:\s*\([^()]*\))?"
EITHER = (
    r"(?:\s*[/|]+\s*"
    r"|[\s,;(]*(?:(?<![a-z])or(?![a-z])|또는|혹은|아니면)[\s,]*"
    r"|(?:이거나|거나|이나|나)\s+)"  # Korean attaches these to the word before
)
FEW_WORDS = r"(?:[^\s\d,;.()]+\s+){0,2}?"
AND = r"(?:[\s,;&·+~-]|\band\b|와|과|및|그리고)+"


def without_quotes(text: str) -> str:
    """Return an answer without quotes and brackets, full-width letters as the usual ones and blanks as one each."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(QUOTES).split())


def hedges(text: str, candidate: str, is_right: Callable[[str], bool], *, alone: str = "") -> bool:
    """Return whether an answer offers something wrong beside the right thing, as if one of them would do.

    "137 or 143" does, and so does the bare list "137, 143". "137, since 143 would be a stop" explains something, and
    "1 or 1.0" says one thing twice.

    Args:
        text: The answer.
        candidate: A pattern without groups of what could be one, in small or capital letters; it begins where one does.
        is_right: Whether a candidate is.
        alone: The pattern of a candidate in a bare list, where that is less than what it can be elsewhere.
    """
    flags = re.ASCII | re.IGNORECASE
    said, alone = without_quotes(text), alone or candidate
    # each may be the second of one pair and the first of the next
    joined = re.finditer(rf"(?=({candidate}){ASIDE}{EITHER}{FEW_WORDS}({candidate}))", said, flags)
    offers = [{is_right(pair[1]), is_right(pair[2])} for pair in joined]
    if re.fullmatch(rf"{alone}(?:{AND}{alone})+", said, flags):
        offers.append({is_right(one) for one in re.findall(alone, said, flags)})
    return any(len(kinds) > 1 for kinds in offers)
