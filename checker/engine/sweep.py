"""Removes what is ours: by label from an engine, and with ``--all`` the embedded engine itself."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from checker.engine import bridge, embedded, firewall, remains
from checker.engine.found import LABEL
from checker.phrase import KataError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from checker.engine.found import Engine
    from checker.engine.place import Place

__all__ = ["clean", "sweep", "uninstall"]

_EXERCISE_NAME = re.compile(r"/?kata-\d\d[-_].+")


def sweep(engine: Engine, run: str | None = None) -> list[str]:
    """Remove every container, network, volume and image that carries our label, and say which.

    Args:
        engine: The engine to sweep.
        run: Only what this run made; None for every run's.

    Returns:
        A line for each object: its kind and name.

    Raises:
        KataError: ``engine.refused``: the engine kept one of them.
    """
    label = LABEL if run is None else f"{LABEL}={run}"
    return [line for kind in _KINDS for line in _remove(engine, kind, lambda _: True, {"label": [label]})]


def clean(engine: Engine) -> list[str]:
    """Sweep by label, and remove what exercises and learners named ``kata-NN-*`` or ``kata-NN_*``; say which."""
    named = [
        line for kind in _KINDS for line in _remove(engine, kind, lambda name: bool(_EXERCISE_NAME.fullmatch(name)), {})
    ]
    return sweep(engine) + named


# in this order: what uses comes before what is used
_KINDS: tuple[str, ...] = ("container", "network", "volume", "image")
_LISTS: Mapping[str, str] = {
    "container": "/containers/json?all=1&",
    "network": "/networks?",
    "volume": "/volumes?",
    "image": "/images/json?",
}


def _remove(engine: Engine, kind: str, wanted: Callable[[str], bool], filters: Mapping[str, list[str]]) -> list[str]:
    found = engine.order("GET", _LISTS[kind] + urlencode({"filters": json.dumps(filters)}))
    rows = (found.get("Volumes") or []) if kind == "volume" else found
    gone = []
    for row in rows:
        for reference, name in _names(kind, row):
            if wanted(name):
                _delete(engine, kind, reference)
                gone.append(f"{kind} {name.removeprefix('/')}")
    return gone


def _names(kind: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield how to address each name of an object, and the name; an image may have several, or none."""
    if kind == "container":
        yield row["Id"], (row.get("Names") or [row["Id"]])[0]
    elif kind == "network":
        yield row["Id"], row["Name"]
    elif kind == "volume":
        yield row["Name"], row["Name"]
    else:
        tags = [tag for tag in row.get("RepoTags") or [] if tag != "<none>:<none>"]
        yield from ((tag, tag) for tag in tags or [row["Id"]])


def _delete(engine: Engine, kind: str, reference: str) -> None:
    path = f"/{kind}s/{quote(reference, safe='')}"
    status, answer = engine.request("DELETE", f"{path}?force=1&v=1" if kind == "container" else f"{path}?force=1")
    # 404: gone in the meantime; 409 of a container: another process is removing it right now
    if status >= 400 and status != 404 and not (status == 409 and kind == "container"):
        detail = answer.get("message", "") if isinstance(answer, dict) else answer
        raise KataError("engine.refused", what=f"remove {kind} {reference}", detail=detail)


def uninstall(place: Place) -> list[str]:
    """Stop the embedded engine and the mirror, delete the data folder, and say what was done.

    Raises:
        KataError: ``engine.unkillable`` or ``engine.still_mounted``: nothing further was deleted then.
    """
    done = []
    bridges = [place.bridge, *_network_bridges(place)]
    if remains.running(place.data) or bridge.exists(place.bridge) or place.run.exists():
        embedded.stop(place)
        remains.end(remains.running(place.data), seconds=5)
        firewall.forget(place.tools, bridges)
        for name in bridges:
            bridge.remove(name)
        done.append(say("cli.stopped", address=f"unix://{place.socket}"))
    if remains.delete(place.data):
        done.append(say("cli.deleted", folder=place.data))
    return done


def _network_bridges(place: Place) -> Iterator[str]:
    """Yield the bridges of networks that the engine made; its store is read as bytes, for it may be dead."""
    with suppress(OSError):
        store = (place.images / "network/files/local-kv.db").read_bytes()
        for network in set(re.findall(rb"network/v1\.0/bridge/([0-9a-f]{12})", store)):
            name = f"br-{network.decode()}"
            if bridge.exists(name):
                yield name
