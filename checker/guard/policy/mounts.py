"""Rules for what is mounted into a container: volumes of the run, and what lies in its own copy of the work."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from checker.guard.policy.named import volume_to_use
from checker.guard.policy.refused import Refused
from checker.guard.policy.schema import flag, labels, never, number, one_of, record

if TYPE_CHECKING:
    from checker.guard.policy.schema import Scene

__all__ = ["bind", "folder", "mount", "tmpfs_options"]

# What may stand behind the second colon of --volume; the propagations are the ones that reach nothing outside.
_OPTIONS = frozenset(
    {"ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated", "default", "private", "rprivate"}
)
_TMPFS = re.compile(
    r"(?:ro|rw|noexec|exec|nosuid|suid|nodev|dev|noatime|atime|async|sync|nodiratime|diratime|relatime"
    r"|size=[0-9]{1,15}[kmgKMG%]?|mode=[0-7]{1,5}|uid=[0-9]{1,10}|gid=[0-9]{1,10}|nr_inodes=[0-9]{1,12}[kmgKMG]?)",
    re.ASCII,
)
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f:]+")


def bind(value: Any, scene: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    """Judge one ``--volume``: ``data:/data:ro``, ``/work/html:/html``, or ``/data`` for a volume without a name."""
    parts = value.split(":") if isinstance(value, str) else []
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
    if len(parts) == 1:
        return _inside(value, field)
    source, inside, *options = parts
    if options and not set(options[0].split(",")) <= _OPTIONS:
        raise Refused("guard.mount_option", value=options[0][:60])
    source = folder(source, scene) if source.startswith(("/", ".", "~")) else volume_to_use(source, scene, field)
    return ":".join([source, _inside(inside, field), *options])


def folder(source: str, scene: Scene) -> str:
    """Return a file or folder of the run's own copy of the work, its links followed.

    Raises:
        Refused: It is an engine's socket, or lies elsewhere.
    """
    if PurePosixPath(source).name.endswith((".sock", ".socket")) or source in {"/run", "/var/run"}:
        raise Refused("guard.socket")
    work = scene.grants.work
    if work is None or not source.startswith("/") or not _PRINTABLE.fullmatch(source):
        raise Refused("guard.folder", path=source[:120])
    own, found = PurePosixPath(scene.resolve(str(work))), PurePosixPath(scene.resolve(source))
    if found.name.endswith((".sock", ".socket")):
        raise Refused("guard.socket")
    inside = found.is_relative_to(own) and ".." not in found.parts and own != PurePosixPath("/")
    if not inside or not _PRINTABLE.fullmatch(str(found)):
        raise Refused("guard.folder", path=source[:120])
    return str(found)


def _inside(path: Any, field: str) -> str:  # noqa: ANN401 - JSON is anything
    if not isinstance(path, str) or not path.startswith("/") or not _PRINTABLE.fullmatch(path):
        raise Refused("guard.value", status=400, field=field, value=str(path)[:60])
    return path


def tmpfs_options(value: Any, _: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    """Judge the options of one ``--tmpfs``: ``size=64m,mode=1777``."""
    parts = value.split(",") if isinstance(value, str) and value else []
    if not isinstance(value, str) or not all(_TMPFS.fullmatch(part) for part in parts):
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
    return value


def _source(value: Any, _: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    if not isinstance(value, str):
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
    return value  # what it has to be depends on the type of the mount, which is judged next


def _subpath(value: Any, _: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    if not isinstance(value, str) or value.startswith("/") or ".." in PurePosixPath(value).parts:
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
    return value


_MOUNT = record(
    {
        "Type": one_of("bind", "volume", "tmpfs", key="guard.mount_type"),
        "Source": _source,
        "Target": lambda value, _, field: _inside(value, field),
        "ReadOnly": flag,
        "Consistency": one_of("default", "consistent", "cached", "delegated"),
        "BindOptions": record(
            {
                "Propagation": one_of("private", "rprivate", key="guard.mount_option"),
                "NonRecursive": flag,
                "CreateMountpoint": flag,
                "ReadOnlyNonRecursive": flag,
                "ReadOnlyForceRecursive": flag,
            }
        ),
        "VolumeOptions": record(
            {"NoCopy": flag, "Labels": labels, "DriverConfig": never("guard.volume_driver"), "Subpath": _subpath}
        ),
        "TmpfsOptions": record(
            {"SizeBytes": number(1), "Mode": number(1, 0o7777), "Options": never("guard.mount_option")}
        ),
        "ClusterOptions": never("guard.mount_type"),
    }
)


def mount(value: Any, scene: Scene, field: str) -> dict[str, Any]:  # noqa: ANN401 - JSON is anything
    """Judge one ``--mount``: a volume, a folder of the work, or a tmpfs.

    ``VolumeOptions.DriverConfig`` with nothing but the driver ``local`` is what compose sends for a plain volume.
    """
    new: dict[str, Any] = _MOUNT(_without_local_driver(value), scene, field)
    source, kind = new.get("Source", ""), new.get("Type")
    if kind == "bind":
        new["Source"] = folder(source, scene)
    elif kind == "volume":
        if source:
            new["Source"] = volume_to_use(source, scene, field)
    elif source or kind != "tmpfs":
        raise Refused("guard.value", status=400, field=field, value=str(kind)[:60])
    return new


def _without_local_driver(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    options = value.get("VolumeOptions") if isinstance(value, dict) else None
    if isinstance(options, dict) and options.get("DriverConfig") in (
        {"Name": "local"},
        {"Name": "local", "Options": {}},
    ):
        return {**value, "VolumeOptions": {key: part for key, part in options.items() if key != "DriverConfig"}}
    return value
