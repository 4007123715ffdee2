"""What a Dockerfile's own lines show: variables that are empty where they are used, and JSON that is none.

A builder fills in nothing where a variable has no value there, without a word, and takes a list that is no JSON for a
shell's command or for file names; what it complains of later is something else.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["empty_in_base", "no_json", "out_of_scope", "variables"]

_VARIABLE = re.compile(r"(?<![\\$])\$(?:\{(?P<braced>\w+)\}|(?P<bare>[A-Za-z_]\w*))")
"""A variable that comes without a value of its own for the case that it is empty, as ``${X:-1}`` does."""

_FROM_IMAGES = re.compile(r"PATH|HOME|LANG|LC_ALL|TZ|\w+_VERSION")
"""Variables that base images bring along: they have a value in a stage that never names them."""


def variables(instruction: str) -> list[str]:
    """Return the variables of an instruction that are empty unless somebody gave them a value."""
    return [match["braced"] or match["bare"] for match in _VARIABLE.finditer(instruction)]


def empty_in_base(lines: Sequence[str], instruction: str) -> str:
    """Return the variable of a ``FROM`` that has no value there; empty where that is not known.

    One that no ARG above the first FROM names comes before one that got no default: that may have come from outside.
    """
    defaults = _above_first_from(lines)
    used = variables(instruction)
    unnamed = [name for name in used if name not in defaults]
    return next(iter(unnamed or [name for name in used if not defaults[name]]), "") if lines else ""


def out_of_scope(lines: Sequence[str], instruction: str, number: int) -> str:
    """Return the variable of an instruction that only the FROM lines know: its ARG stands above the first FROM.

    Args:
        lines: The Dockerfile.
        instruction: The instruction, in one line.
        number: Its line, counted from 1; its stage is looked at down to there.
    """
    for_from = _above_first_from(lines)
    known = _known_at(lines, number)
    return next(
        (
            name
            for name in variables(instruction)
            if name in for_from
            and name not in known
            and not _FROM_IMAGES.fullmatch(name)
            and not re.search(rf"\b(?:{name}=|for {name} in|read {name}\b)", instruction)  # the shell's own
        ),
        "",
    )


def no_json(lines: Sequence[str], *instructions: str) -> int:
    """Return the line of the first of these instructions that begins as a JSON list and is none; else 0."""
    for number, word, rest in _instructions(lines):
        if word in instructions and rest.startswith("["):
            try:
                json.loads(rest)
            except ValueError:
                return number
    return 0


def _instructions(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield each instruction's line, its word in capitals and the rest of it in one line."""
    begun, text = 0, ""
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = begun if text else number
        text += line.strip().removesuffix("\\") + " "
        if not line.rstrip().endswith("\\"):
            word, _, rest = text.strip().partition(" ")
            yield begun, word.upper(), rest.strip()
            text = ""


def _above_first_from(lines: Sequence[str]) -> dict[str, str]:
    """Return the ARGs above the first FROM, with their defaults."""
    found: dict[str, str] = {}
    for _, word, rest in _instructions(lines):
        if word == "FROM":
            break
        if word == "ARG":
            found |= {name: value for name, _, value in (entry.partition("=") for entry in rest.split())}
    return found


def _known_at(lines: Sequence[str], number: int) -> set[str]:
    """Return the variables that a line's stage knows there: its own ARG and ENV, and those of what it begins with."""
    stages: dict[str, set[str]] = {}
    here: set[str] = set()
    for begun, word, rest in _instructions(lines):
        if begun > number:
            break
        if word == "FROM":
            here = _begun(rest, stages)
        elif word in {"ARG", "ENV"}:
            here |= set(re.findall(r"(?:^|\s)(\w+)(?==|\s|$)", rest))
    return here


def _begun(rest: str, stages: dict[str, set[str]]) -> set[str]:
    """Return what a new stage knows, and keep it under the stage's name."""
    words = [word for word in rest.split() if not word.startswith("--")] or [""]
    known = set(stages.get(words[0].lower(), ()))
    stages[words[-1].lower()] = known
    return known
