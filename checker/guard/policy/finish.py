"""What a request gets beside what its tables let through: labels, limits, filters, rules about several fields."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.engine import LABEL
from checker.guard.policy import named
from checker.guard.policy.containers import PIDS
from checker.guard.policy.refused import Refused
from checker.guard.reference import Reference, is_local, reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.guard.ledger import Kind
    from checker.guard.policy.schema import Scene

__all__ = ["Draft", "finish"]

_QUOTAS: dict[Kind, int] = {"container": 200, "network": 50, "volume": 100, "exec": 2000}
_LOG = {"max-size": "10m", "max-file": "2"}
_SIZE = re.compile(r"[0-9]{1,6}[kmg]?", re.ASCII)


@dataclass(slots=True, kw_only=True)
class Draft:
    """A request that is being written anew; the functions here change it.

    Attributes:
        parameters: The query's, in order.
        names: What stood in the path, looked up: ``{"container": "<full id>"}``.
        body: The JSON body.
        subject: What the request is about.
    """

    parameters: list[tuple[str, str]]
    names: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    subject: str = ""

    def get(self, name: str) -> str:
        """Return a parameter, empty where it is not there."""
        return next((value for key, value in self.parameters if key == name), "")

    def put(self, name: str, value: str) -> None:
        """Set a parameter."""
        kept = [pair for pair in self.parameters if pair[0] != name]
        self.parameters = sorted([*kept, (name, value)], key=lambda pair: pair[0])


def finish(route: str, draft: Draft, scene: Scene) -> None:
    """Give a request what its route adds.

    Raises:
        Refused: Its fields do not fit together, or the run has made too many of what it makes.
    """
    step = _STEPS.get(route)
    if step is not None:
        step(draft, scene)


def _count(kind: Kind, scene: Scene, more: int = 1) -> None:
    if scene.ledger.made(kind) + more > _QUOTAS[kind]:
        raise Refused(f"guard.too_many_{kind}s", status=403, limit=_QUOTAS[kind])


def _labelled(held: dict[str, str], scene: Scene) -> dict[str, str]:
    return {**held, **scene.ledger.labels}


def _create(draft: Draft, scene: Scene) -> None:
    _count("container", scene)
    _count("volume", scene, len(scene.volumes))
    draft.body["Labels"] = _labelled(draft.body.get("Labels", {}), scene)
    draft.subject = draft.body.get("Image", "")
    host = draft.body.setdefault("HostConfig", {})
    asked = host.get("PidsLimit", 0)
    host["PidsLimit"] = asked if 0 < asked <= PIDS else PIDS
    host["LogConfig"] = _capped(host.get("LogConfig", {}))


def _capped(log: dict[str, Any]) -> dict[str, Any]:
    """Return how a container's output is kept: as asked, but never without a limit."""
    kind, options = log.get("Type", "json-file"), dict(log.get("Config", {}))
    for name in ("max-size", "max-file"):
        if name in options and not _SIZE.fullmatch(options[name]):
            raise Refused("guard.log_driver", value=f"{name}={options[name][:20]}")
    if kind == "json-file":
        options = {**_LOG, **options}
    return {"Type": kind, **({"Config": options} if options else {})}


def _network(draft: Draft, scene: Scene) -> None:
    _count("network", scene)
    draft.body["Labels"] = _labelled(draft.body.get("Labels", {}), scene)
    draft.body["CheckDuplicate"] = True  # so that a name is enough to know a network by
    draft.subject = draft.body.get("Name", "")


def _volume(draft: Draft, scene: Scene) -> None:
    _count("volume", scene)
    draft.body["Labels"] = _labelled(draft.body.get("Labels", {}), scene)
    draft.subject = draft.body.get("Name", "")


def _exec(draft: Draft, scene: Scene) -> None:
    _count("exec", scene)
    draft.subject = draft.names["container"]


def _image_name(name: str, tag: str) -> Reference:
    joined = (f"{name}@{tag}" if ":" in tag else f"{name}:{tag}") if tag else name
    try:
        return reference(joined)
    except ValueError as error:
        raise Refused("guard.reference", status=400, name=joined[:80]) from error


def _pull(draft: Draft, scene: Scene) -> None:
    name, tag = draft.get("fromImage"), draft.get("tag")
    found = _image_name(name, tag)
    if found.path in {"moby/buildkit", "docker/buildkit-syft-scanner"}:
        raise Refused("guard.builder", value=found.short)
    if not named.is_pullable(found, scene.grants):
        granted = ", ".join(sorted(reference(one).short for one in scene.grants.images)) or "-"
        raise Refused("guard.pull_off_list", name=found.short, granted=granted)
    if not tag and not found.digest and ":" not in name.rsplit("/", 1)[-1]:
        raise Refused("guard.all_tags", name=found.short)
    if is_local(found.host):  # the name will be the run's, so it must not be somebody else's before
        scene.tags.append(str(found))
    draft.subject = str(found)


def _new_tag(draft: Draft, scene: Scene) -> None:
    if draft.get("repo"):
        joined = _image_name(draft.get("repo"), draft.get("tag"))
        named.may_be_tagged(str(joined), scene)
    elif draft.get("tag"):
        raise Refused("guard.reference", status=400, name=draft.get("tag")[:80])


def _tag(draft: Draft, scene: Scene) -> None:
    if not draft.get("repo"):
        raise Refused("guard.reference", status=400, name="")
    _new_tag(draft, scene)
    draft.subject = scene.tags[0]


def _commit(draft: Draft, scene: Scene) -> None:
    if not draft.get("container"):
        raise Refused("guard.no_container", status=404, name="")
    _new_tag(draft, scene)
    draft.subject = draft.get("container")


def _push(draft: Draft, scene: Scene) -> None:
    found = _image_name(draft.names["image"], draft.get("tag"))
    if not is_local(found.host):
        raise Refused("guard.registry", value=found.host)
    if not named.is_visible(found, scene.ledger, scene.grants):
        raise Refused("guard.no_image", status=404, name=found.short)
    draft.subject = str(found)


def _distribution(draft: Draft, _: Scene) -> None:
    found = _image_name(draft.names["image"], "")
    if not is_local(found.host):
        raise Refused("guard.distribution")
    draft.subject = str(found)


def _save(draft: Draft, _: Scene) -> None:
    if not draft.names.get("image") and not draft.get("names"):
        raise Refused("guard.reference", status=400, name="")


def _build(draft: Draft, scene: Scene) -> None:
    held = json.loads(draft.get("labels") or "{}")
    draft.put("forcerm", "1")  # a failed step leaves no container behind that nobody can see
    draft.put("labels", json.dumps(_labelled(held, scene), separators=(",", ":"), sort_keys=True, ensure_ascii=False))
    draft.subject = scene.tags[0] if scene.tags else ""


def _own_only(draft: Draft, scene: Scene) -> None:
    """Force the label filter. Filters of one name all have to hold, so that a client's own only narrow it further."""
    held: dict[str, dict[str, bool]] = json.loads(draft.get("filters") or "{}")
    held.setdefault("label", {})[f"{LABEL}={scene.ledger.run_id}"] = True
    draft.put("filters", json.dumps(held, separators=(",", ":"), sort_keys=True, ensure_ascii=False))


def _auth(draft: Draft, _: Scene) -> None:
    if not draft.body.get("serveraddress"):  # the engine would ask Docker Hub
        raise Refused("guard.registry", value="Docker Hub")


def _connect(draft: Draft, _: Scene) -> None:
    if not draft.body.get("Container"):
        raise Refused("guard.no_container", status=404, name="")


_STEPS: dict[str, Callable[[Draft, Scene], None]] = {
    "container.create": _create,
    "container.list": _own_only,
    "container.prune": _own_only,
    "container.commit": _commit,
    "exec.create": _exec,
    "image.pull": _pull,
    "image.tag": _tag,
    "image.import": _new_tag,
    "image.push": _push,
    "image.distribution": _distribution,
    "image.save": _save,
    "image.prune": _own_only,
    "image.build": _build,
    "network.create": _network,
    "network.connect": _connect,
    "network.disconnect": _connect,
    "network.prune": _own_only,
    "volume.create": _volume,
    "volume.prune": _own_only,
    "system.auth": _auth,
}
