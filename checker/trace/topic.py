"""What a request is about: one table of all that a client may ask an engine, for whoever listens.

It goes by method and path alone, so that a request can be told when it begins, before anybody has judged it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

__all__ = ["OTHER", "SMALL_TALK", "Topic", "topic"]

OTHER = "other"
"""What none of the table's lines says."""

SMALL_TALK = frozenset({"ping", "resize", "stat"})
"""What clients ask along the way, and nobody needs to hear."""

# method, path below the version, what it is about; the sentence is trace.ask_KEY where the story has none of its own
_TABLE = """
HEAD    /_ping                          ping
GET     /_ping                          ping
GET     /version                        version
GET     /info                           info
GET     /events                         events
GET     /system/df                      disk
POST    /auth                           login
GET     /containers/json                containers
POST    /containers/create              create
POST    /containers/prune               prune
POST    /containers/{it}/attach         attach
GET     /containers/{it}/attach/ws      attach
POST    /containers/{it}/start          start
POST    /containers/{it}/wait           wait
POST    /containers/{it}/stop           stop
POST    /containers/{it}/kill           kill
POST    /containers/{it}/restart        restart
POST    /containers/{it}/pause          pause
POST    /containers/{it}/unpause        unpause
POST    /containers/{it}/rename         rename
POST    /containers/{it}/update         update
POST    /containers/{it}/resize         resize
POST    /containers/{it}/exec           exec
GET     /containers/{it}/json           inspect
GET     /containers/{it}/logs           logs
GET     /containers/{it}/top            top
GET     /containers/{it}/stats          stats
GET     /containers/{it}/changes        changes
GET     /containers/{it}/export         export
HEAD    /containers/{it}/archive        stat
GET     /containers/{it}/archive        copy_out
PUT     /containers/{it}/archive        copy_in
DELETE  /containers/{it}                remove
POST    /exec/{it}/start                exec_start
POST    /exec/{it}/resize               resize
GET     /exec/{it}/json                 exec_inspect
GET     /images/json                    images
POST    /images/create                  pull
POST    /images/load                    load
GET     /images/get                     save
GET     /images/search                  search
POST    /images/prune                   prune
GET     /images/{it}/json               image
GET     /images/{it}/history            history
GET     /images/{it}/get                save
POST    /images/{it}/tag                tag
POST    /images/{it}/push               push
DELETE  /images/{it}                    untag
GET     /distribution/{it}/json         distribution
POST    /build                          build
POST    /build/prune                    prune
POST    /build/cancel                   cancel
POST    /grpc                           buildkit
POST    /session                        session
POST    /commit                         commit
GET     /networks                       networks
POST    /networks/create                network_create
POST    /networks/prune                 prune
GET     /networks/{it}                  inspect
POST    /networks/{it}/connect          connect
POST    /networks/{it}/disconnect       disconnect
DELETE  /networks/{it}                  network_remove
GET     /volumes                        volumes
POST    /volumes/create                 volume_create
POST    /volumes/prune                  prune
GET     /volumes/{it}                   inspect
DELETE  /volumes/{it}                   volume_remove
GET     /swarm                          swarm
GET     /services                       swarm
GET     /nodes                          swarm
GET     /tasks                          swarm
GET     /secrets                        swarm
GET     /configs                        swarm
GET     /services/{it}                  swarm
GET     /nodes/{it}                     swarm
GET     /tasks/{it}                     swarm
GET     /secrets/{it}                   swarm
GET     /configs/{it}                   swarm
GET     /plugins                        plugins
GET     /plugins/{it}/json              inspect
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a request is about.

    Attributes:
        key: The subject, ``start``; ``other`` for what is not in the table.
        it: The container, image, network or volume, as the path names it; empty where it names none.
    """

    key: str
    it: str = ""


def topic(method: str, path: str) -> Topic:
    """Return what a request is about.

    Args:
        method: ``POST``.
        path: The path below the version, ``/containers/web/start``.
    """
    for wanted, pattern, key in _ROWS:
        match = pattern.fullmatch(path) if wanted == method else None
        if match:
            return Topic(key=key, it=unquote(match.groupdict().get("it", "")))
    return Topic(key=OTHER)


def _pattern(template: str) -> re.Pattern[str]:
    # an image's name may have slashes in it
    it = r"(?P<it>.+)" if template.startswith(("/images/", "/distribution/", "/plugins/")) else r"(?P<it>[^/]+)"
    return re.compile(re.escape(template).replace(r"\{it\}", it))


_ROWS = tuple(
    (method, _pattern(template), key) for method, template, key in (row.split() for row in _TABLE.strip().splitlines())
)
