"""What a script gets to see of an engine that is not its alone: each answer, reduced to what concerns the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checker.engine import LABEL
from checker.guard.policy.named import is_visible, visible_ids
from checker.guard.policy.target import NEWEST
from checker.guard.reference import reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from checker.guard.ledger import Ledger
    from checker.guard.message import Grants

__all__ = ["NARROWED", "complete", "event", "info", "see", "versions"]

_EVERYWHERE = frozenset({"bridge", "none", "host"})

# What of /info is about the engine's kind, and not about who else uses it or how it reaches the world
_INFO = frozenset(
    {
        "ID",
        "Driver",
        "DriverStatus",
        "Plugins",
        "MemoryLimit",
        "SwapLimit",
        "KernelMemory",
        "KernelMemoryTCP",
        "CpuCfsPeriod",
        "CpuCfsQuota",
        "CPUShares",
        "CPUSet",
        "PidsLimit",
        "IPv4Forwarding",
        "BridgeNfIptables",
        "BridgeNfIp6tables",
        "Debug",
        "NFd",
        "OomKillDisable",
        "NGoroutines",
        "SystemTime",
        "LoggingDriver",
        "CgroupDriver",
        "CgroupVersion",
        "NEventsListener",
        "KernelVersion",
        "OperatingSystem",
        "OSVersion",
        "OSType",
        "Architecture",
        "IndexServerAddress",
        "NCPU",
        "MemTotal",
        "DockerRootDir",
        "Name",
        "ExperimentalBuild",
        "ServerVersion",
        "Runtimes",
        "DefaultRuntime",
        "LiveRestoreEnabled",
        "Isolation",
        "InitBinary",
        "ContainerdCommit",
        "RuncCommit",
        "InitCommit",
        "SecurityOptions",
        "ProductLicense",
        "DefaultAddressPools",
        "Warnings",
        "CDISpecDirs",
        "Containerd",
    }
)
_INSTEAD: dict[str, Any] = {
    "HttpProxy": "",
    "HttpsProxy": "",
    "NoProxy": "",
    "Labels": [],
    "GenericResources": None,
    "RegistryConfig": {
        "AllowNondistributableArtifactsCIDRs": [],
        "AllowNondistributableArtifactsHostnames": [],
        "InsecureRegistryCIDRs": [],
        "IndexConfigs": {},
        "Mirrors": [],
    },
    "Swarm": {
        "NodeID": "",
        "NodeAddr": "",
        "LocalNodeState": "inactive",
        "ControlAvailable": False,
        "Error": "",
        "RemoteManagers": None,
    },
}


def complete(names: Iterable[str] | None) -> frozenset[str]:
    """Return the complete references of what an image is called; one that cannot be read stays as it is."""
    return frozenset(_complete(name) for name in names or () if not name.startswith("<none>"))


def _complete(name: str) -> str:
    try:
        return str(reference(name))
    except ValueError:
        return name


def see(row: dict[str, Any], ledger: Ledger) -> None:
    """Remember what an image on the engine is called."""
    names = [*(row.get("RepoTags") or ()), *(row.get("RepoDigests") or ())]
    if isinstance(row.get("Id"), str):
        ledger.see_image(row["Id"], complete(names))


def _image(row: dict[str, Any], ledger: Ledger, grants: Grants) -> dict[str, Any]:
    """Return an image with only those of its names that may be seen."""
    new = dict(row)
    for field in ("RepoTags", "RepoDigests", "Tags"):
        if row.get(field):
            new[field] = [name for name in row[field] if name.startswith("<none>") or _sees(name, ledger, grants)]
    return new


def _sees(name: str, ledger: Ledger, grants: Grants) -> bool:
    try:
        return is_visible(reference(name), ledger, grants)
    except ValueError:
        return False


def _images(rows: Any, ledger: Ledger, grants: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    for row in rows or ():
        see(row, ledger)
    shown = visible_ids(ledger, grants)
    found = [_image(row, ledger, grants) for row in rows or () if row.get("Id") in shown]
    return [{**row, "Containers": -1} if "Containers" in row else row for row in found]


def _one_image(row: Any, ledger: Ledger, grants: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    see(row, ledger)
    return _image(row, ledger, grants)


def _history(rows: Any, ledger: Ledger, grants: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    return [_image(row, ledger, grants) for row in rows or ()]


def _containers(rows: Any, ledger: Ledger, _: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    return [row for row in rows or () if ledger.has("container", row.get("Id", ""))]


def _network(row: Any, ledger: Ledger, _: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    connected = row.get("Containers")
    if not connected:
        return row
    return {**row, "Containers": {key: part for key, part in connected.items() if ledger.has("container", key)}}


def _networks(rows: Any, ledger: Ledger, grants: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    return [
        _network(row, ledger, grants)
        for row in rows or ()
        if row.get("Name") in _EVERYWHERE or ledger.has("network", row.get("Id", ""))
    ]


def _volume_rows(rows: Any, ledger: Ledger) -> list[Any]:  # noqa: ANN401 - JSON is anything
    return [row for row in rows or () if ledger.has("volume", row.get("Name", ""))]


def _volumes(answer: Any, ledger: Ledger, _: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    return {**answer, "Volumes": _volume_rows(answer.get("Volumes"), ledger)}


def _usage(answer: Any, ledger: Ledger, grants: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    new = {key: part for key, part in answer.items() if key in {"LayersSize", "BuilderSize"}}
    if "Images" in answer:
        new["Images"] = _images(answer["Images"], ledger, grants)
        new["LayersSize"] = sum(row.get("Size", 0) for row in new["Images"])
    if "Containers" in answer:
        new["Containers"] = _containers(answer["Containers"], ledger, grants)
    if "Volumes" in answer:
        new["Volumes"] = _volume_rows(answer["Volumes"], ledger)
    if "BuildCache" in answer:
        new["BuildCache"] = []
    return {**new, "BuilderSize": 0} if "BuilderSize" in answer else new


def info(answer: dict[str, Any], containers: list[dict[str, Any]], images: int) -> dict[str, Any]:
    """Return ``/info`` with the run's own counts, and nothing of registries, proxies and labels.

    Args:
        answer: What the engine says of itself.
        containers: The run's own containers, as the engine lists them.
        images: How many images the run may see.
    """
    states = [row.get("State") for row in containers]
    counts = {
        "Containers": len(states),
        "ContainersRunning": states.count("running"),
        "ContainersPaused": states.count("paused"),
        "ContainersStopped": len(states) - states.count("running") - states.count("paused"),
        "Images": images,
    }
    kept = {key: part for key, part in answer.items() if key in _INFO}
    instead = {key: part for key, part in _INSTEAD.items() if key in answer}
    return {**kept, **counts, **instead}


def versions(answer: Any, _ledger: Ledger, _grants: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    """Return ``/version`` with no API version that is newer than what the guard judges."""
    new = _capped(answer)
    components = answer.get("Components") or []
    new["Components"] = [
        {**part, "Details": _capped(part["Details"])} if part.get("Details") else part for part in components
    ]
    return new


def _capped(held: dict[str, Any]) -> dict[str, Any]:
    minor = str(held.get("ApiVersion", "")).removeprefix("1.")
    too_new = minor.isdigit() and int(minor) > NEWEST
    return {**held, "ApiVersion": f"1.{NEWEST}"} if too_new else dict(held)


def event(obj: Any, ledger: Ledger, grants: Grants) -> Any:  # noqa: ANN401 - JSON is anything
    """Return an event of the engine's if it concerns the run, else None."""
    actor = obj.get("Actor") if isinstance(obj, dict) else None
    if not isinstance(actor, dict):
        return None
    told = _TOLD.get(obj.get("Type", ""))
    subject, attributes = str(actor.get("ID", "")), actor.get("Attributes") or {}
    return obj if told and told(subject, attributes, ledger, grants) else None


def _tells_container(subject: str, attributes: dict[str, str], ledger: Ledger, _: Grants) -> bool:
    # a container's first event comes before the answer to the request that made it, but with its labels
    return ledger.has("container", subject) or attributes.get(LABEL) == ledger.run_id


def _tells_network(subject: str, attributes: dict[str, str], ledger: Ledger, _: Grants) -> bool:
    container, name = attributes.get("container", ""), attributes.get("name", "")
    if container:
        return ledger.has("container", container)
    return ledger.has("network", subject) or (name not in _EVERYWHERE and ledger.expects("network", name))


def _tells_volume(subject: str, attributes: dict[str, str], ledger: Ledger, _: Grants) -> bool:
    container = attributes.get("container", "")
    if container:
        return ledger.has("container", container)
    return ledger.has("volume", subject) or ledger.expects("volume", subject)


def _tells_image(subject: str, attributes: dict[str, str], ledger: Ledger, grants: Grants) -> bool:
    if not subject.startswith("sha256:"):
        return _sees(subject, ledger, grants)
    name = attributes.get("name", "")  # what is tagged, or the id again
    return subject in visible_ids(ledger, grants) and (name in {"", subject} or _sees(name, ledger, grants))


_TOLD: dict[str, Callable[[str, dict[str, str], Ledger, Grants], bool]] = {
    "container": _tells_container,
    "network": _tells_network,
    "volume": _tells_volume,
    "image": _tells_image,
}

NARROWED: dict[str, Callable[[Any, Ledger, Grants], Any]] = {
    "container.list": _containers,
    "image.list": _images,
    "image.inspect": _one_image,
    "image.history": _history,
    "network.list": _networks,
    "network.inspect": _network,
    "volume.list": _volumes,
    "system.df": _usage,
    "system.version": versions,
}
"""What becomes of an answer, by route; others are passed on as they are."""
