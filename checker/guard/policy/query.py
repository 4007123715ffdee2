"""Rules for the parameters of a query. They are ``schema``'s rules; the values are texts.

The engine takes any text but ``0``, ``no``, ``false``, ``none`` and nothing for true, so each is written anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.guard.policy import named
from checker.guard.policy.containers import ULIMIT
from checker.guard.policy.refused import Refused
from checker.guard.policy.schema import GONE, Rule, list_of, map_of, text
from checker.guard.policy.strict import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.guard.policy.schema import Scene

__all__ = [
    "Repeated",
    "build_args",
    "cache_from",
    "count",
    "filters",
    "json_map",
    "off",
    "parameters",
    "switch",
    "ulimits",
]

_TRUE = frozenset({"1", "true", "True", "t", "yes"})
_FALSE = frozenset({"0", "false", "False", "no", "none"})


@dataclass(frozen=True, slots=True)
class Repeated:
    """A parameter that may come more than once."""

    rule: Rule


def parameters(
    query: tuple[tuple[str, str], ...], rules: Mapping[str, Rule | Repeated], scene: Scene
) -> list[tuple[str, str]]:
    """Return the parameters as they may go to the engine, sorted; those without a value are left out.

    Raises:
        Refused: One is unknown, comes twice, or says what its rule does not allow.
    """
    new: list[tuple[str, str]] = []
    seen: set[str] = set()
    for name, value in query:
        rule = rules.get(name)
        if name.lower() in seen and not isinstance(rule, Repeated):
            raise Refused("guard.parameter_twice", status=400, name=name)
        seen.add(name.lower())
        if not value:
            continue
        if rule is None:
            raise Refused("guard.parameter", name=name)
        found = (rule.rule if isinstance(rule, Repeated) else rule)(value, scene, name)
        if found is not GONE:
            new.append((name, found))
    return sorted(new, key=lambda pair: pair[0])


def switch(value: str, _: Scene, name: str) -> str:
    """Judge a boolean, as Go's client, docker-py and people write it."""
    if value in _TRUE:
        return "1"
    if value in _FALSE:
        return "0"
    raise Refused("guard.value", status=400, field=name, value=value[:60])


def off(key: str) -> Rule:
    """Return the rule for a boolean that has to be false, and the phrase for when it is not."""

    def judged(value: str, scene: Scene, name: str) -> str:
        if switch(value, scene, name) == "1":
            raise Refused(key, field=name, value=value)
        return "0"

    return judged


count = text(r"-?[0-9]{1,18}")
"""Judge a whole number."""


def _json(value: str, name: str) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return decode(value.encode())
    except Refused as error:
        raise Refused("guard.query", status=400, name=name) from error


def _written(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def filters(**special: Rule) -> Rule:
    """Return the rule for ``filters``: a JSON object of lists, or of objects whose values are true.

    Args:
        special: Rules for the values of filters that name something; others only narrow a list further.
    """

    def judged(value: str, scene: Scene, name: str) -> Any:  # noqa: ANN401 - a text, or nothing at all
        found = _json(value, name)
        if not isinstance(found, dict):
            raise Refused("guard.query", status=400, name=name)
        new: dict[str, dict[str, bool]] = {}
        for key, parts in found.items():
            rule = special.get(key, text())
            new[key] = {rule(part, scene, key): True for part in _members(parts, name)}
        return _written(new) if new else GONE

    return judged


def _members(parts: Any, name: str) -> list[str]:  # noqa: ANN401 - JSON is anything
    if isinstance(parts, dict) and all(part is True for part in parts.values()):
        return list(parts)
    if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
        return parts
    raise Refused("guard.query", status=400, name=name)


def _anything(value: Any, _: Scene, name: str) -> Any:  # noqa: ANN401 - JSON is anything
    if value is not None and not isinstance(value, str):
        raise Refused("guard.query", status=400, name=name)
    return value  # null takes the value of the daemon's environment, which for build arguments is none


def json_map(rule: Rule) -> Rule:
    """Return the rule for a JSON object of texts."""

    def judged(value: str, scene: Scene, name: str) -> Any:  # noqa: ANN401 - a text, or nothing at all
        found = rule(_json(value, name), scene, name)
        return _written(found) if found else GONE

    return judged


build_args = json_map(map_of(text(), _anything))
"""Judge ``buildargs``."""


def cache_from(value: str, scene: Scene, name: str) -> Any:  # noqa: ANN401 - a text, or nothing at all
    """Judge ``cachefrom``: images that are not there are left out, as the engine does."""
    kept = []
    for one in list_of(text())(_json(value, name), scene, name):
        try:
            kept.append(named.image(one, scene))
        except Refused:
            continue
    return _written(kept) if kept else GONE


_ULIMITS = list_of(ULIMIT)


def ulimits(value: str, scene: Scene, name: str) -> Any:  # noqa: ANN401 - a text, or nothing at all
    """Judge ``ulimits`` of the classic builder."""
    found = _ULIMITS(_json(value, name), scene, name)
    return _written(found) if found else GONE
