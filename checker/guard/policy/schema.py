"""Rules out of which the tables of JSON bodies are put together.

A rule takes a value and returns what of it may go to the engine, in a new value, or refuses. What says nothing
(``null``, ``""``, ``0``, ``false``, an empty list or object) is left out before a rule sees it, because Docker's own
client sends dozens of such fields with each request; what is not in a table is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.guard.policy.refused import Refused
from checker.guard.policy.strict import folded

if TYPE_CHECKING:
    from checker.guard.ledger import Ledger
    from checker.guard.message import Grants

__all__ = [
    "GONE",
    "Rule",
    "Scene",
    "dropped",
    "flag",
    "labels",
    "list_of",
    "map_of",
    "never",
    "number",
    "one_of",
    "record",
    "text",
    "words",
]

GONE = object()
"""What a rule returns for a value that is to be left out."""

_OURS = frozenset({"kata.run", "kata.by", "kata.lab", "kata.standin"})
"""The labels by which the checker tells what is whose; a script may call its own ``kata.copy``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What rules look at, and where they put down what they found.

    Attributes:
        ledger: What belongs to the run.
        grants: What it may ask for.
        resolve: Follows a path's links, as ``os.path.realpath``.
        volumes: Named volumes that were asked for and are not the run's own yet.
        tags: Complete references that are to be given to an image.
        written: What the client called something, by full id.
    """

    ledger: Ledger
    grants: Grants
    resolve: Callable[[str], str] = os.path.realpath
    volumes: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)


Rule = Callable[[Any, Scene, str], Any]
"""Takes a value, the scene, and the field's name (for the sentence); returns the value anew, or raises ``Refused``."""


def _is_nothing(value: object) -> bool:
    return value is None or value is False or value == 0 or value in ("", [], {})


def _wrong(name: str, value: object) -> Refused:
    return Refused("guard.value", status=400, field=name, value=str(value)[:60])


def record(rules: Mapping[str, Rule], *, also_nothing: frozenset[str] = frozenset()) -> Rule:
    """Return the rule for an object with these fields.

    Args:
        rules: A rule for each field, by exact name.
        also_nothing: Fields where nothing and no value are not the same, so that the rule sees it.
    """
    known = {folded(name): name for name in rules}

    def judged(value: Any, scene: Scene, name: str) -> dict[str, Any]:  # noqa: ANN401 - JSON is anything
        if not isinstance(value, dict):
            raise _wrong(name, value)
        _check_keys(value, known)
        new = {}
        for key, part in value.items():
            if _is_nothing(part) and key not in also_nothing:
                continue
            if key not in rules:
                raise Refused("guard.field", field=f"{name}.{key}" if name else key)
            found = rules[key](part, scene, key)
            if found is not GONE and (key in also_nothing or not _is_nothing(found)):
                new[key] = found
        return new

    return judged


def _check_keys(value: dict[str, Any], known: Mapping[str, str]) -> None:
    seen: set[str] = set()
    for key in value:
        fold = folded(key)
        if fold in seen:
            raise Refused("guard.key_twice", status=400, name=key)
        seen.add(fold)
        if known.get(fold, key) != key:
            raise Refused("guard.key_folded", status=400, name=key, known=known[fold])


def list_of(rule: Rule, *, limit: int = 1000) -> Rule:
    """Return the rule for a list whose members all keep to ``rule``."""

    def judged(value: Any, scene: Scene, name: str) -> list[Any]:  # noqa: ANN401 - JSON is anything
        if not isinstance(value, list) or len(value) > limit:
            raise _wrong(name, value)
        return [found for part in value if (found := rule(part, scene, name)) is not GONE]

    return judged


def map_of(key_rule: Rule, rule: Rule, *, limit: int = 1000) -> Rule:
    """Return the rule for an object whose keys are free; each is kept, also where its value is nothing."""

    def judged(value: Any, scene: Scene, name: str) -> dict[str, Any]:  # noqa: ANN401 - JSON is anything
        if not isinstance(value, dict) or len(value) > limit:
            raise _wrong(name, value)
        new: dict[str, Any] = {}
        for key, part in value.items():
            found = key_rule(key, scene, name)
            if found in new:
                raise Refused("guard.key_twice", status=400, name=key)
            new[found] = rule(part, scene, name)
        return new

    return judged


def words(limit: int = 10_000) -> Rule:
    """Return the rule for a command: a list of words, or one word, which the engine reads as a list of one."""
    listed = list_of(text(), limit=limit)

    def judged(value: Any, scene: Scene, name: str) -> list[str]:  # noqa: ANN401 - JSON is anything
        return list(listed([value] if isinstance(value, str) else value, scene, name))

    return judged


def text(pattern: str = r"[^\0]*", *, key: str = "", empty: bool = True) -> Rule:
    """Return the rule for a string of this form.

    Args:
        pattern: What all of it has to match; anything but a zero byte without one.
        key: The phrase for one that does not (its blank is ``{value}``); what is said of any wrong value without one.
        empty: Whether it may be empty.
    """
    form = re.compile(pattern, re.ASCII | re.DOTALL)

    def judged(value: Any, _: Scene, name: str) -> str:  # noqa: ANN401 - JSON is anything
        if not isinstance(value, str) or not (form.fullmatch(value) or (empty and not value)):
            raise Refused(key, value=str(value)[:80], field=name) if key else _wrong(name, value)
        return value

    return judged


def one_of(*allowed: str, key: str = "") -> Rule:
    """Return the rule for one of a few words; ``key`` names the phrase for any other (its blank is ``{value}``)."""

    def judged(value: Any, _: Scene, name: str) -> str:  # noqa: ANN401 - JSON is anything
        if not isinstance(value, str) or value not in allowed:
            raise Refused(key, value=str(value)[:80], field=name) if key else _wrong(name, value)
        return value

    return judged


def number(least: int = 0, most: int = 2**63 - 1, *, key: str = "") -> Rule:
    """Return the rule for a whole number between two others, both included."""

    def judged(value: Any, _: Scene, name: str) -> int:  # noqa: ANN401 - JSON is anything
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Refused(key, value=str(value)[:80], field=name) if key else _wrong(name, value)
        return value

    return judged


def flag(value: Any, _: Scene, name: str) -> bool:  # noqa: ANN401 - JSON is anything
    """Judge a boolean."""
    if not isinstance(value, bool):
        raise _wrong(name, value)
    return value


def never(key: str) -> Rule:
    """Return the rule for a field that has to say nothing, and the phrase for when it does (blanks: field, value)."""

    def judged(value: Any, _: Scene, name: str) -> Any:  # noqa: ANN401 - JSON is anything
        raise Refused(key, field=name, value=str(value)[:80])

    return judged


def dropped(_value: Any, _scene: Scene, _name: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Leave a field out that clients send and engines ignore."""
    return GONE


def labels(value: Any, scene: Scene, name: str) -> dict[str, str]:  # noqa: ANN401 - JSON is anything
    """Judge labels: those that the checker goes by are its own, so that a script's are left out."""
    found = map_of(text(), text())(value, scene, name)
    return {key: part for key, part in found.items() if key.lower() not in _OURS}
