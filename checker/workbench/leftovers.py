"""Removes what an exercise leaves on an engine, and nothing else.

What an exercise makes is found by its name (``kata-04-*``, ``04_run_redis-*``), by the label that the guard and the
checker put on it, and, where Docker puts no label on a thing, by what the guard's ledger says of it.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from checker.workbench.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from checker.engine import Engine
    from checker.guard.ledger import Kind

__all__ = ["Stray", "remove_labelled", "remove_named", "remove_strays"]

KINDS: tuple[Kind, ...] = ("container", "network", "volume", "tag", "image")
"""What has to be removed; an exec goes with its container."""

_SECONDS = 60.0  # for each answer; removing a large container takes its time
_FULL_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
_REFERENCE = re.compile(r"[a-z0-9][\w.:/@-]*")


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that a learner's script made, as its guard's ledger has it: a kind, and a full id or reference."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @classmethod
    def read(cls, line: str) -> Stray | None:
        """Read back a line that ``str`` made; None for one that was cut short.

        Docker would take the beginning of an id for any container that happens to begin so.
        """
        kind, _, found = line.removesuffix("\n").partition(" ")
        if not line.endswith("\n"):
            return None
        for known in KINDS:
            pattern = _REFERENCE if known in {"tag", "volume"} else _FULL_ID
            if kind == known and pattern.fullmatch(found):
                return cls(known, found)
        return None


def remove_named(engine: Engine, prefixes: tuple[str, ...]) -> None:
    """Remove the containers, networks, volumes and images whose name begins with one of ``prefixes``.

    Raises:
        KataError: ``engine.not_answering``, ``engine.refused``.
    """
    pattern = {"name": [f"^/?{prefix}" for prefix in prefixes]}
    found = _listed(engine, "/containers/json", pattern)
    _remove_containers(engine, (row["Id"] for row in found if any(_is_named(name, prefixes) for name in row["Names"])))
    _remove_networks_and_volumes(engine, pattern, lambda name: name.startswith(prefixes))
    references = [f"{registry}{prefix}*" for prefix in prefixes for registry in ("", "*/")]
    for image in _listed(engine, "/images/json", {"reference": references}):
        for tag in image["RepoTags"] or ():
            if tag.rpartition("/")[2].startswith(prefixes):
                _remove(engine, "images", tag, "force=1")


def remove_labelled(engine: Engine, run: str) -> None:
    """Remove everything that carries ``kata.run=<run>``.

    Raises:
        KataError: ``engine.not_answering``, ``engine.refused``.
    """
    label = {"label": [f"kata.run={run}"]}
    _remove_containers(engine, (row["Id"] for row in _listed(engine, "/containers/json", label)))
    _remove_networks_and_volumes(engine, label, lambda _: True)
    for image in _listed(engine, "/images/json", label):
        _remove(engine, "images", image["Id"], "force=1")


def remove_strays(engine: Engine, strays: Iterable[Stray]) -> None:
    """Remove what scripts made; a volume and an image only if nobody uses it.

    Raises:
        KataError: ``engine.not_answering``.
    """
    found: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
    for one in strays:
        found[one.kind].append(one.id)
    _remove_containers(engine, found["container"])  # they let go of all the others
    for network in found["network"]:
        _remove(engine, "networks", network)
    for volume in found["volume"]:
        _remove(engine, "volumes", volume)
    for image in (*found["tag"], *found["image"]):
        _remove(engine, "images", image)


def _is_named(name: str, prefixes: tuple[str, ...]) -> bool:
    return name.removeprefix("/").startswith(prefixes)


def _listed(engine: Engine, path: str, filters: Mapping[str, list[str]]) -> Any:  # noqa: ANN401 - the engine's JSON
    everything = {"all": 1} if path == "/containers/json" else {}
    return engine.order("GET", f"{path}?{urlencode({**everything, 'filters': json.dumps(filters)})}")


def _remove_containers(engine: Engine, ids: Iterable[str]) -> None:
    """Remove containers side by side: the engine takes a tenth of a second for each."""
    together(*(functools.partial(_remove, engine, "containers", id_, "v=1&force=1") for id_ in ids))


def _remove_networks_and_volumes(
    engine: Engine, filters: Mapping[str, list[str]], is_ours: Callable[[str], bool]
) -> None:
    for network in _listed(engine, "/networks", filters):
        if is_ours(network["Name"]):
            _remove(engine, "networks", network["Id"])
    for volume in _listed(engine, "/volumes", filters)["Volumes"] or ():
        if is_ours(volume["Name"]):
            _remove(engine, "volumes", volume["Name"], "force=1")


def _remove(engine: Engine, kind: str, found: str, options: str = "") -> None:
    """Remove something that may be gone already, or that somebody else still uses: whatever the engine answers."""
    engine.request("DELETE", f"/{kind}/{quote(found, safe='')}?{options}", seconds=_SECONDS)
