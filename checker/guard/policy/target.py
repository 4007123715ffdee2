"""A request's target, ``/v1.45/containers/create?name=x``, by a grammar that leaves no second reading.

Engines answer to ``/v1.41./``, ``/%5fping`` or ``http://x/_ping`` as well, and send ``//`` and ``..`` elsewhere;
none of that is what a client sends, so none of it is accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from checker.guard.policy.refused import Refused

__all__ = ["NEWEST", "Target", "query_text", "target"]

NEWEST = 45
"""The newest API version that is judged, 1.45; a newer one may know fields that no table here has."""
_OLDEST = 24
# threats.md, part B, sends everything as v1.41. We let the client have the version that it asked for, because the
# answers change their form with it (and clients read them accordingly), and the tables cover 1.24 to 1.45.
_UNASKED = 41

_VERSION = re.compile(r"/v([0-9]{1,3})\.([0-9]{1,3})(?=/)", re.ASCII)
_SEGMENT = re.compile(r"(?:[A-Za-z0-9_.:@\[\]-]|%40|%3[Aa]|%2[Ff])+", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_VALUE = re.compile(r"(?:[A-Za-z0-9_.~!$'()*,/:;@?+\[\]{}|\"\\^`<>=-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_LONGEST = 60_000  # a long --build-arg comes in the query


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target, understood.

    Attributes:
        version: The API version to ask with, ``1.45``.
        path: The path below the version, still encoded: ``/containers/create``.
        query: The parameters in their order, decoded.
    """

    version: str
    path: str
    query: tuple[tuple[str, str], ...] = ()

    def has(self, name: str) -> bool:
        """Return whether there is a parameter of that name."""
        return any(key == name for key, _ in self.query)


def target(text: str) -> Target:
    """Return what a target asks for.

    Raises:
        Refused: It is not of the one form that is accepted, or asks for an API version that is too new or too old.
    """
    if len(text) > _LONGEST or not text.startswith("/"):
        raise Refused("guard.path", status=400, path=text[:80])
    raw_path, mark, raw_query = text.partition("?")
    version, path = _version(raw_path)
    if not all(_is_segment(part) for part in path[1:].split("/")):
        raise Refused("guard.path", status=400, path=raw_path[:80])
    return Target(version=version, path=path, query=_query(raw_query) if mark else ())


def query_text(pairs: list[tuple[str, str]]) -> str:
    """Return parameters as they stand in a target, with the question mark; empty where there are none."""
    text = "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs)
    return f"?{text}" if text else ""


def _version(path: str) -> tuple[str, str]:
    found = _VERSION.match(path)
    if found is None:
        return f"1.{_UNASKED}", path
    major, minor = int(found[1]), int(found[2])
    asked, written = f"{major}.{minor}", f"{found[1]}.{found[2]}"
    if asked != written:
        raise Refused("guard.path", status=400, path=path[:80])
    if major != 1 or minor > NEWEST:
        raise Refused("guard.too_new", status=400, version=asked, newest=f"1.{NEWEST}")
    if minor < _OLDEST:
        raise Refused("guard.too_old", status=400, version=asked, oldest=f"1.{_OLDEST}")
    return asked, path[found.end() :]


def _is_segment(text: str) -> bool:
    return _SEGMENT.fullmatch(text) is not None and text not in {".", ".."}


def _query(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(_pair(part) for part in text.split("&")) if text else ()


def _pair(text: str) -> tuple[str, str]:
    # Go drops a parameter that it cannot decode, and one with a semicolon, and then takes the next of that name
    key, _, value = text.partition("=")
    if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value) or ";" in value:
        raise Refused("guard.query", status=400, name=key[:40])
    return key, _decoded(key, value)


def _decoded(key: str, value: str) -> str:
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), value.replace("+", " ").encode())
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("guard.query", status=400, name=key) from error
    if "\0" in text:
        raise Refused("guard.query", status=400, name=key)
    return text
