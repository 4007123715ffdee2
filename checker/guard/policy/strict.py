r"""JSON as strictly as it can be read, so that no other reader finds something else in it.

Go's reader, which the engine uses, lets a later key replace or even merge with an earlier one, takes ``hostconfig``,
``Ho\u017ftConfig`` and ``Networ\u212aMode`` for the names it knows, and some engines do not look at what
follows the first value. Whatever could be read in two ways is refused here.
"""

from __future__ import annotations

import json
from typing import Any

from checker.guard.policy.refused import Refused

__all__ = ["DEPTH", "LIMIT", "Refused", "decode", "folded"]

DEPTH = 32
"""How deep values may be nested; what Docker's own clients send is at most 6 deep."""
LIMIT = 4 * 1024**2
"""Bytes of one JSON body."""


class _Twice(ValueError):  # noqa: N818 - it says what was found
    """A key that an object has twice."""


def decode(data: bytes, *, limit: int = LIMIT) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what ``data`` says if there is only one way to read it.

    Keys that only differ in case are left to ``folded``: in a free map such as Labels they are different keys.

    Args:
        data: One JSON value in UTF-8, perhaps with white space around it.
        limit: Its greatest size in bytes.

    Raises:
        Refused: It is too large or too deep, no UTF-8, no JSON, more than one value, or has a key twice, a number
            that is not finite, or half of a surrogate pair.
    """
    if len(data) > limit:
        raise Refused("guard.too_large", status=413, limit=_in_words(limit))
    _check_depth(data)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_not_finite,
            parse_float=_finite,
            parse_int=_integer,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails at a lone surrogate
    except _Twice as error:
        raise Refused("guard.key_twice", status=400, name=str(error)) from error
    except (ValueError, RecursionError) as error:  # UnicodeError and JSONDecodeError are ValueErrors
        raise Refused("guard.not_json", status=400) from error
    return value


def folded(key: str) -> str:
    """Return the key as Go compares it: its case, and the two other letters that fold into ASCII, made one."""
    return key.replace("\u017f", "s").replace("\u212a", "k").lower()


def _check_depth(data: bytes) -> None:
    """Refuse deep nesting before any recursive reader sees it; brackets in strings do not count."""
    if data.count(b"[") + data.count(b"{") <= DEPTH:
        return
    depth, in_string, escaped = 0, False, False
    for byte in data:
        if in_string:
            in_string = escaped or byte != 0x22
            escaped = not escaped and byte == 0x5C
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            if depth > DEPTH:
                raise Refused("guard.too_deep", status=400, limit=DEPTH)
        elif byte in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _not_finite(name: str) -> float:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(digits)
    return value


def _integer(digits: str) -> int:
    if len(digits) > 20:  # no 64-bit number is longer, and Python's own limit comes far later
        raise ValueError(digits)
    return int(digits)


def _in_words(count: int) -> str:
    return f"{count // 1024**2} MB" if count >= 1024**2 else f"{count} B"
