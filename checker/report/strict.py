"""JSON as strictly as it can be read: what two readers could read in two ways is none."""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["strict_json"]


def strict_json(content: bytes) -> Any:  # noqa: ANN401 - JSON is dynamic
    """Parse JSON in UTF-8 as RFC 8259 has it: no NaN, and no key twice in an object.

    Raises:
        ValueError: It is none, or is nested too deeply.
    """
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_once)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return found
