"""The table of routes: containers, and what is executed in them."""

from __future__ import annotations

from checker.guard.message import Reply
from checker.guard.policy import containers, named
from checker.guard.policy.query import Repeated, count, filters, off, switch
from checker.guard.policy.route import Route, Way
from checker.guard.policy.schema import dropped, one_of, text

__all__ = ["CONTAINERS"]

_WHOLE, _HIJACK = Reply.WHOLE, Reply.HIJACK
_TIME = text(r"[0-9TZ.:+hms-]{1,40}")
_SIGNAL = text(r"[A-Za-z0-9+-]{1,20}")
_PLATFORM = text(r"[A-Za-z0-9/_.-]{1,60}")
_ANY = text()
# The engine runs its host's ps, and picks out the rows whose word in the place of the title PID is a process of the
# container (moby, daemon/top_unix.go). So nothing may stand before that column that has spaces in it (lstart, args),
# and it may have no other title, or none at all (h): else any number is in that place, and strangers' rows come
# through. Nor may an option take the next word (-C, -u), of which it would be open what it is.
_PS_DASHED, _PS_BARE = "AFHLNPTacdefjlmwxy", "HSTXacefgjlmnrsuvwx"
_PS_OPTIONS = rf"(?:-(?:[{_PS_DASHED}]+|aux)|[{_PS_BARE}]+)"
_PS_FORMAT = rf"(?:-[{_PS_DASHED}]*|[{_PS_BARE}]*)o ?"
_PS_WIDTH = r"(?::[0-9]{1,3})?"
_PS_OTHER = rf"(?!pid\b)(?:%cpu|%mem|[a-z_]+){_PS_WIDTH}"
_PS = text(
    rf"(?:{_PS_OPTIONS} )*(?:{_PS_OPTIONS}|{_PS_FORMAT}(?:pid{_PS_WIDTH}|{_PS_OTHER})(?:,{_PS_OTHER})*)",
    key="guard.ps_args",
)
_STREAMS: Way = dict.fromkeys(("logs", "stream", "stdin", "stdout", "stderr"), switch)

CONTAINERS: tuple[Route, ...] = (
    Route(
        name="container.list",
        method="GET",
        path="/containers/json",
        query={
            "all": switch,
            "limit": count,
            "size": switch,
            "filters": filters(before=named.container, since=named.container, volume=named.any_volume),
            "before": named.container,
            "since": named.container,
            "trunc_cmd": dropped,  # docker-py's, for engines before 1.24
        },
        reply=_WHOLE,
    ),
    Route(
        name="container.create",
        method="POST",
        path="/containers/create",
        query={"name": named.new_name, "platform": _PLATFORM},
        schema=containers.CREATE,
        reply=_WHOLE,
    ),
    Route(name="container.prune", method="POST", path="/containers/prune", query={"filters": filters()}, reply=_WHOLE),
    Route(
        name="container.inspect",
        method="GET",
        path="/containers/{container}/json",
        query={"size": switch},
        reply=_WHOLE,
    ),
    Route(
        name="container.top",
        method="GET",
        path="/containers/{container}/top",
        query={"ps_args": _PS},
        reply=_WHOLE,
    ),
    Route(
        name="container.logs",
        method="GET",
        path="/containers/{container}/logs",
        query={
            "follow": switch,
            "stdout": switch,
            "stderr": switch,
            "since": _TIME,
            "until": _TIME,
            "timestamps": switch,
            "details": switch,
            "tail": text(r"all|-?[0-9]{1,9}"),
        },
    ),
    Route(name="container.changes", method="GET", path="/containers/{container}/changes", reply=_WHOLE),
    Route(name="container.export", method="GET", path="/containers/{container}/export"),
    Route(
        name="container.stats",
        method="GET",
        path="/containers/{container}/stats",
        query={"stream": switch, "one-shot": switch},
    ),
    Route(
        name="container.resize",
        method="POST",
        path="/containers/{container}/resize",
        query={"h": count, "w": count},
        reply=_WHOLE,
    ),
    Route(
        name="container.start",
        method="POST",
        path="/containers/{container}/start",
        query={"detachKeys": _ANY},
        reply=_WHOLE,
    ),
    Route(
        name="container.stop",
        method="POST",
        path="/containers/{container}/stop",
        query={"t": count, "signal": _SIGNAL},
        reply=_WHOLE,
    ),
    Route(
        name="container.restart",
        method="POST",
        path="/containers/{container}/restart",
        query={"t": count, "signal": _SIGNAL},
        reply=_WHOLE,
    ),
    Route(
        name="container.kill",
        method="POST",
        path="/containers/{container}/kill",
        query={"signal": _SIGNAL},
        reply=_WHOLE,
    ),
    Route(
        name="container.update",
        method="POST",
        path="/containers/{container}/update",
        schema=containers.UPDATE,
        reply=_WHOLE,
    ),
    Route(
        name="container.rename",
        method="POST",
        path="/containers/{container}/rename",
        query={"name": named.new_name},
        reply=_WHOLE,
    ),
    Route(name="container.pause", method="POST", path="/containers/{container}/pause", reply=_WHOLE),
    Route(name="container.unpause", method="POST", path="/containers/{container}/unpause", reply=_WHOLE),
    Route(
        name="container.wait",
        method="POST",
        path="/containers/{container}/wait",
        query={"condition": one_of("not-running", "next-exit", "removed")},
        reply=Reply.LINES,  # its head comes at once, and a client that waits for it would miss the end
    ),
    Route(
        name="container.attach",
        method="POST",
        path="/containers/{container}/attach",
        query={**_STREAMS, "detachKeys": _ANY},
        reply=_HIJACK,
        tunnel="tcp",
    ),
    Route(
        name="container.attach_ws",
        method="GET",
        path="/containers/{container}/attach/ws",
        query={**_STREAMS, "detachKeys": _ANY},
        refusal="guard.websocket",
    ),
    Route(
        name="container.remove",
        method="DELETE",
        path="/containers/{container}",
        query={"v": switch, "force": switch, "link": off("guard.remove_link")},
        reply=_WHOLE,
    ),
    Route(name="container.stat", method="HEAD", path="/containers/{container}/archive", query={"path": _ANY}),
    Route(name="container.read", method="GET", path="/containers/{container}/archive", query={"path": _ANY}),
    Route(
        name="container.write",
        method="PUT",
        path="/containers/{container}/archive",
        query={"path": _ANY, "noOverwriteDirNonDir": switch, "copyUIDGID": switch},
        streams=True,
        reply=_WHOLE,
    ),
    Route(
        name="exec.create",
        method="POST",
        path="/containers/{container}/exec",
        schema=containers.EXEC,
        reply=_WHOLE,
    ),
    Route(
        name="exec.start",
        method="POST",
        path="/exec/{exec}/start",
        schema=containers.EXEC_START,
        reply=_HIJACK,
        tunnel="tcp",
    ),
    Route(name="exec.resize", method="POST", path="/exec/{exec}/resize", query={"h": count, "w": count}, reply=_WHOLE),
    Route(name="exec.inspect", method="GET", path="/exec/{exec}/json", reply=_WHOLE),
    Route(
        name="container.commit",
        method="POST",
        path="/commit",
        query={
            "container": named.container,
            "repo": _ANY,
            "tag": _ANY,
            "comment": _ANY,
            "author": _ANY,
            "pause": switch,
            "changes": Repeated(_ANY),
        },
        schema=containers.COMMIT,
        reply=_WHOLE,
        grant="commit",
        refusal="guard.commit",
    ),
)
