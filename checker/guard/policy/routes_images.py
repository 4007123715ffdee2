"""The table of routes: images, and building them."""

from __future__ import annotations

from checker.guard.message import Reply
from checker.guard.policy import named
from checker.guard.policy.query import Repeated, build_args, cache_from, count, filters, json_map, off, switch, ulimits
from checker.guard.policy.route import Route
from checker.guard.policy.schema import dropped, labels, never, one_of, text

__all__ = ["BUILD", "IMAGES"]

_WHOLE, _LINES, _HIJACK = Reply.WHOLE, Reply.LINES, Reply.HIJACK
_PLATFORM = text(r"[A-Za-z0-9/_.-]{1,60}")
_ANY = text()

IMAGES: tuple[Route, ...] = (
    Route(
        name="image.list",
        method="GET",
        path="/images/json",
        query={
            "all": switch,
            "digests": switch,
            "shared-size": switch,
            "filters": filters(before=named.image, since=named.image),
            "only_ids": dropped,  # docker-py's, for engines before 1.24
        },
        reply=_WHOLE,
    ),
    Route(
        name="image.import",
        method="POST",
        path="/images/create",
        query={
            "fromSrc": one_of("-", key="guard.import_url"),
            "repo": _ANY,
            "tag": _ANY,
            "message": _ANY,
            "platform": _PLATFORM,
            "changes": Repeated(_ANY),
        },
        streams=True,
        reply=_LINES,
        grant="load",
        refusal="guard.load",
        only_with="fromSrc",
    ),
    Route(
        name="image.pull",
        method="POST",
        path="/images/create",
        query={"fromImage": _ANY, "tag": _ANY, "platform": _PLATFORM},
        reply=_LINES,
    ),
    Route(
        name="image.load",
        method="POST",
        path="/images/load",
        query={"quiet": switch, "platform": _PLATFORM},
        streams=True,
        reply=_LINES,
        grant="load",
        refusal="guard.load",
    ),
    Route(name="image.save", method="GET", path="/images/get", query={"names": Repeated(named.image)}),
    Route(name="image.save", method="GET", path="/images/{image}/get"),
    Route(name="image.prune", method="POST", path="/images/prune", query={"filters": filters()}, reply=_WHOLE),
    Route(name="image.search", method="GET", path="/images/search", query={}, refusal="guard.search"),
    Route(name="image.inspect", method="GET", path="/images/{image}/json", reply=_WHOLE),
    Route(name="image.history", method="GET", path="/images/{image}/history", reply=_WHOLE),
    Route(
        name="image.push",
        method="POST",
        path="/images/{image}/push",
        query={"tag": _ANY, "platform": _PLATFORM},
        reply=_LINES,
        grant="registry",
        refusal="guard.push",
    ),
    Route(
        name="image.tag",
        method="POST",
        path="/images/{image}/tag",
        query={"repo": _ANY, "tag": _ANY, "force": dropped},
        reply=_WHOLE,
    ),
    Route(
        name="image.remove",
        method="DELETE",
        path="/images/{image}",
        query={"force": switch, "noprune": switch},
        reply=_WHOLE,
    ),
    Route(
        name="image.distribution",  # buildx asks for what it has just pushed
        method="GET",
        path="/distribution/{image}/json",
        reply=_WHOLE,
        grant="registry",
        refusal="guard.distribution",
    ),
)

BUILD: tuple[Route, ...] = (
    Route(
        name="image.build",
        method="POST",
        path="/build",
        query={
            "t": Repeated(named.may_be_tagged),
            "dockerfile": _ANY,
            "buildargs": build_args,
            "labels": json_map(labels),
            "target": _ANY,
            "nocache": switch,
            "pull": switch,
            "rm": switch,
            "forcerm": switch,
            "q": switch,
            "cachefrom": cache_from,
            "networkmode": named.network,
            "memory": count,
            "memswap": count,
            "cpushares": count,
            "cpuperiod": count,
            "cpuquota": count,
            "cpusetcpus": text(r"[0-9,-]{1,200}"),
            "cpusetmems": text(r"[0-9,-]{1,200}"),
            "shmsize": count,
            "ulimits": ulimits,
            "extrahosts": Repeated(_ANY),
            "platform": _PLATFORM,
            "version": one_of("1", key="guard.builder"),
            "remote": one_of("client-context", key="guard.build_remote"),
            "isolation": one_of("default", key="guard.windows"),
            "squash": off("guard.build_option"),
            "buildid": _ANY,
            "cgroupparent": never("guard.cgroup"),
            "securityopt": never("guard.security_opt"),
            "outputs": never("guard.build_option"),
            "session": never("guard.build_option"),
        },
        streams=True,
        reply=_LINES,
    ),
    Route(name="build.cancel", method="POST", path="/build/cancel", query={"id": _ANY}, reply=_WHOLE),
    Route(
        name="build.prune",
        method="POST",
        path="/build/prune",
        query=dict.fromkeys(("all", "filters", "keep-storage"), _ANY),
        # the cache is everybody's
        answer=(200, {"CachesDeleted": None, "SpaceReclaimed": 0}),
        reply=_WHOLE,
    ),
    # What goes through these two is BuildKit's own protocol and is not judged, only read for what it makes, and kept
    # from pruning the cache: a build on the host's network comes through too.
    Route(name="build.grpc", method="POST", path="/grpc", reply=_HIJACK, tunnel="h2c"),
    Route(name="build.session", method="POST", path="/session", reply=_HIJACK, tunnel="h2c"),
)
