"""The table of routes: what may be asked of an engine at all. What is not here is denied.

Names, paths and parameters are those of moby's ``api/swagger.yaml``, versions 1.24 to 1.45. Those of containers and
images have tables of their own beside this one.
"""

from __future__ import annotations

from typing import Any

from checker.guard.message import Reply
from checker.guard.policy import named, objects
from checker.guard.policy.query import Repeated, filters, switch
from checker.guard.policy.route import Route, Way
from checker.guard.policy.routes_containers import CONTAINERS
from checker.guard.policy.routes_images import BUILD, IMAGES
from checker.guard.policy.schema import one_of, text

__all__ = ["ROUTES", "UNKNOWN"]

_WHOLE, _LINES = Reply.WHOLE, Reply.LINES
_TIME = text(r"[0-9TZ.:+hms-]{1,40}")
_ANY = text()
_PRUNE: Way = {"filters": filters()}
_LIST: Way = {"filters": filters()}

_SYSTEM = (
    Route(name="system.ping", method="HEAD", path="/_ping"),
    Route(name="system.ping", method="GET", path="/_ping"),
    Route(name="system.version", method="GET", path="/version", reply=_WHOLE),
    Route(name="system.info", method="GET", path="/info", reply=_WHOLE),
    Route(
        name="system.events",
        method="GET",
        path="/events",
        query={"since": _TIME, "until": _TIME, "filters": filters(volume=named.any_volume)},
        reply=_LINES,
    ),
    Route(
        name="system.df",
        method="GET",
        path="/system/df",
        query={"type": Repeated(one_of("container", "image", "volume", "build-cache")), "verbose": switch},
        reply=_WHOLE,
    ),
    Route(
        name="system.auth",
        method="POST",
        path="/auth",
        schema=objects.AUTH,
        reply=_WHOLE,
        grant="registry",
        refusal="guard.login",
    ),
)

_NETWORKS = (
    Route(name="network.list", method="GET", path="/networks", query=_LIST, reply=_WHOLE),
    Route(name="network.create", method="POST", path="/networks/create", schema=objects.NETWORK, reply=_WHOLE),
    Route(name="network.prune", method="POST", path="/networks/prune", query=_PRUNE, reply=_WHOLE),
    Route(
        name="network.inspect",
        method="GET",
        path="/networks/{network}",
        query={"verbose": switch, "scope": one_of("local", "swarm", "global")},
        reply=_WHOLE,
    ),
    Route(
        name="network.connect",
        method="POST",
        path="/networks/{network}/connect",
        schema=objects.CONNECT,
        reply=_WHOLE,
    ),
    Route(
        name="network.disconnect",
        method="POST",
        path="/networks/{network}/disconnect",
        schema=objects.DISCONNECT,
        reply=_WHOLE,
    ),
    Route(name="network.remove", method="DELETE", path="/networks/{network}", reply=_WHOLE),
)

_VOLUMES = (
    Route(name="volume.list", method="GET", path="/volumes", query=_LIST, reply=_WHOLE),
    Route(name="volume.create", method="POST", path="/volumes/create", schema=objects.VOLUME, reply=_WHOLE),
    Route(name="volume.prune", method="POST", path="/volumes/prune", query=_PRUNE, reply=_WHOLE),
    Route(name="volume.inspect", method="GET", path="/volumes/{volume}", reply=_WHOLE),
    Route(name="volume.remove", method="DELETE", path="/volumes/{volume}", query={"force": switch}, reply=_WHOLE),
)

# An engine that is no part of a swarm says this; docker inspect asks all of these for a name that it finds nowhere else
_NO_SWARM: tuple[int, Any] = (
    503,
    {
        "message": 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this '
        "node to swarm and try again."
    },
)
_SWARM = tuple(
    Route(
        name="swarm.absent",
        method="GET",
        path=path,
        query=dict.fromkeys(("filters", "insertDefaults", "status"), _ANY),
        answer=_NO_SWARM,
        reply=_WHOLE,
    )
    for kind in ("services", "nodes", "tasks", "secrets", "configs")
    for path in (f"/{kind}", f"/{kind}/{{other}}")
)
_PLUGINS = (
    Route(name="swarm.absent", method="GET", path="/swarm", answer=_NO_SWARM, reply=_WHOLE),
    Route(
        name="plugin.list",
        method="GET",
        path="/plugins",
        query={"filters": _ANY},
        answer=(200, []),
        reply=_WHOLE,
    ),
    Route(
        name="plugin.inspect",
        method="GET",
        path="/plugins/{image}/json",
        answer=(404, {"message": 'plugin "{name}" not found'}),
        reply=_WHOLE,
    ),
)

ROUTES: tuple[Route, ...] = (
    *_SYSTEM,
    *CONTAINERS,
    *IMAGES,
    *BUILD,
    *_NETWORKS,
    *_VOLUMES,
    *_SWARM,
    *_PLUGINS,
)
"""Rows are tried in this order."""

UNKNOWN = {
    "swarm": "guard.swarm",
    "services": "guard.swarm",
    "nodes": "guard.swarm",
    "tasks": "guard.swarm",
    "secrets": "guard.swarm",
    "configs": "guard.swarm",
    "plugins": "guard.plugin",
    "distribution": "guard.distribution",
}
"""The phrase for a path that is in no row, by its first part; ``guard.route`` for any other."""
