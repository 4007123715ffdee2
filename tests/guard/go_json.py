"""JSON as Go's ``encoding/json`` reads it into a struct: names folded, repeated ones merged, a tail not looked at."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["read"]


class _Pairs(list[tuple[str, Any]]):
    """An object's members as they were written."""


def read(text: str, fields: frozenset[str]) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what Go would find.

    Args:
        text: JSON, perhaps with something behind its first value.
        fields: The names that the struct and those inside of it know, folded; other names are a map's.
    """
    value, _ = json.JSONDecoder(object_pairs_hook=_Pairs).raw_decode(text.lstrip())
    return _into(None, value, fields)


def fold(name: str) -> str:
    """Return a name as Go compares it."""
    return "".join({"\u017f": "s", "\u212a": "k"}.get(letter, letter) for letter in name).lower()


def _into(held: Any, value: Any, fields: frozenset[str]) -> Any:  # noqa: ANN401 - JSON is anything
    """Read a value into what is there already: null leaves a value as it is, objects and lists' members merge."""
    if value is None:
        return held
    if isinstance(value, _Pairs):
        return _merged(held, value, fields)
    if isinstance(value, list):
        old = held if isinstance(held, list) else []
        return [_into(old[i] if i < len(old) else None, part, fields) for i, part in enumerate(value)]
    return value


def _merged(held: Any, pairs: _Pairs, fields: frozenset[str]) -> dict[str, Any]:  # noqa: ANN401 - JSON is anything
    new = dict(held) if isinstance(held, dict) else {}
    for name, part in pairs:
        key = fold(name) if fold(name) in fields else name
        new[key] = _into(new.get(key), part, fields)
    return new
