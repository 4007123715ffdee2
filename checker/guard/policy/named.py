"""Rules for the names of things: what belongs to the run is found, and nothing else is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from checker.guard.policy.refused import Refused
from checker.guard.reference import Reference, is_id, is_local, reference

if TYPE_CHECKING:
    from checker.guard.ledger import Kind, Ledger
    from checker.guard.message import Grants
    from checker.guard.policy.schema import Scene

__all__ = [
    "any_volume",
    "container",
    "execution",
    "image",
    "is_own_tag",
    "is_pullable",
    "is_removable",
    "is_visible",
    "may_be_tagged",
    "network",
    "new_name",
    "new_network",
    "new_volume",
    "own",
    "removable_image",
    "visible_ids",
    "volume",
    "volume_to_use",
]

_ABSENT = {
    "container": "guard.no_container",
    "network": "guard.no_network",
    "volume": "guard.no_volume",
    "exec": "guard.no_exec",
}
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,199}", re.ASCII)
_FULL_ID = re.compile(r"[a-f0-9]{64}", re.ASCII)
_RESERVED = ("kata-bystander-", "kata-mark-")
_LIBRARY = "docker.io/library/"
_PREDEFINED = frozenset({"bridge", "none", "default"})
_SHOWN = frozenset({"bridge", "none", "host"})


def own(kind: Kind, name: Any, scene: Scene) -> str:  # noqa: ANN401 - JSON is anything
    """Return the full id of something of the run's own.

    Raises:
        Refused: The run has no such thing, in the engine's own words.
    """
    found = scene.ledger.find(kind, name) if isinstance(name, str) else None
    if found is None:
        raise Refused(_ABSENT[kind], status=404, name=str(name)[:200])
    if found != name:
        scene.written[found] = name
    return found


def container(name: Any, scene: Scene, _: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge a container's name or id; a slash before a name is how inspecting writes it."""
    return own("container", name.removeprefix("/") if isinstance(name, str) else name, scene)


def execution(name: Any, scene: Scene, _: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge the id of a command in a running container."""
    return own("exec", name, scene)


def volume(name: Any, scene: Scene, _: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge the name of a volume that is there."""
    if isinstance(name, str) and scene.ledger.has("volume", scene.ledger.actual(name)):
        return _actual(name, scene)
    return own("volume", name, scene)


def any_volume(name: str, scene: Scene, _: str = "") -> str:
    """Judge the name of a volume that a list is narrowed by; it need not be there."""
    return _actual(name, scene)


def _actual(name: str, scene: Scene) -> str:
    """Return the name that the engine knows for a volume: another one where somebody else has one of this name."""
    actual = scene.ledger.actual(name)
    if actual != name:
        scene.written[actual] = name
    return actual


def volume_to_use(name: Any, scene: Scene, field: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge the name of a volume that is made on the way where it is not there yet."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused("guard.name", status=400, field=field, name=str(name)[:80])
    actual = _actual(name, scene)
    if not scene.ledger.has("volume", actual) and actual not in scene.volumes:
        scene.volumes.append(actual)
    return actual


def network(name: Any, scene: Scene, _: str = "", *, to_look_at: bool = False) -> str:  # noqa: ANN401 - JSON is anything
    """Judge a network: the run's own, or one of those that every engine has; ``host`` only to look at.

    A network that was named keeps its name, because inspecting shows it as it was asked for. No other can have it:
    names are checked for being taken when a network is made.
    """
    if name == "host" and not to_look_at:
        raise Refused("guard.host_network")
    if name in (_SHOWN if to_look_at else _PREDEFINED):
        return str(name)
    found = own("network", name, scene)
    return str(name) if scene.ledger.name("network", found) == name else found


def new_volume(value: Any, scene: Scene, field: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge the name of a volume that may be there already; whose it is, is asked when it is made."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Refused("guard.name", status=400, field=field, name=str(value)[:80])
    return _actual(value, scene)


def new_network(value: Any, scene: Scene, field: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge the name that a network is to get; it may be one letter, as other names may not."""
    if isinstance(value, str) and re.fullmatch(r"[a-zA-Z0-9]", value, re.ASCII):
        return value
    return new_name(value, scene, field)


def new_name(value: Any, _: Scene, field: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge the name that something is to get."""
    if isinstance(value, str) and value.startswith(_RESERVED):
        raise Refused("guard.reserved_name", name=value[:80])
    if not isinstance(value, str) or not _NAME.fullmatch(value) or _FULL_ID.fullmatch(value):
        raise Refused("guard.name", status=400, field=field, name=str(value)[:80])
    return value


def image(name: Any, scene: Scene, _: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge an image to look at or to run: by a reference that may be seen, or by id."""
    full_id = _by_id(name, scene.ledger, scene.grants)
    if full_id:
        if full_id != name:
            scene.written[full_id] = name
        return full_id
    found = _reference(name)
    if not is_visible(found, scene.ledger, scene.grants):
        actual = scene.ledger.actual(str(found))
        if not scene.ledger.has("tag", actual):
            raise Refused("guard.no_image", status=404, name=found.short)
        listed = reference(actual).short
        scene.written[listed] = found.short
        return listed
    # the engine would go on to look for an id that begins like this
    return f"{name}:latest" if is_id(name) else str(name)


def removable_image(name: Any, scene: Scene, _: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge an image to be removed: the run's own, or one that the exercise says may be removed."""
    found = image(name, scene)
    held = (
        scene.ledger.seen_images().get(found, frozenset()) if found.startswith("sha256:") else {str(_reference(found))}
    )
    if not scene.ledger.has("image", found) or held:
        for one in held:
            if not _sees(one, scene.ledger, scene.grants) or not is_removable(one, scene.ledger, scene.grants):
                raise Refused("guard.image_kept", name=one.removeprefix("docker.io/").removeprefix("library/"))
    return found


def _reference(name: Any) -> Reference:  # noqa: ANN401 - JSON is anything
    try:
        return reference(str(name))
    except ValueError as error:
        raise Refused("guard.reference", status=400, name=str(name)[:80]) from error


def _by_id(name: Any, ledger: Ledger, grants: Grants) -> str | None:  # noqa: ANN401 - JSON is anything
    if not isinstance(name, str) or not is_id(name):
        return None
    start = f"sha256:{name.removeprefix('sha256:')}"
    found = [full_id for full_id in visible_ids(ledger, grants) if full_id.startswith(start)]
    return found[0] if len(found) == 1 else None


def visible_ids(ledger: Ledger, grants: Grants) -> frozenset[str]:
    """Return the ids of all images seen so far that the run may see."""
    seen = ledger.seen_images()
    named = {full_id for full_id, held in seen.items() if any(_sees(one, ledger, grants) for one in held)}
    return frozenset(named.union(ledger.ids("image"), ledger.shared_images()))


def _sees(name: str, ledger: Ledger, grants: Grants) -> bool:
    try:
        return is_visible(reference(name), ledger, grants)
    except ValueError:
        return False


def is_visible(found: Reference, ledger: Ledger, grants: Grants) -> bool:
    """Return whether the run may see an image of this name: one that is granted, its own, or on its own registry."""
    if is_own_tag(found, ledger, grants) or ("registry" in grants.allow and is_local(found.host)):
        return True
    return _is_among(found, grants.images)


def _is_among(found: Reference, names: frozenset[str]) -> bool:
    """Return whether an image's name is one of these; by a digest, which one of a repository it is does not matter."""
    if found.digest:
        return any(found.repository == name.rpartition(":")[0] for name in names)
    return str(found) in names


def is_pullable(found: Reference, grants: Grants) -> bool:
    """Return whether an image may be asked for at a registry: one that is granted, or on the run's own registry.

    That a name is the run's own says nothing about who answers to it elsewhere. Docker's own library, to which nobody
    but Docker publishes, may be asked for a name that is kept for the run, because clients do so before they build.
    """
    if is_local(found.host):
        return "registry" in grants.allow
    is_librarys = not found.digest and found.repository == _LIBRARY + found.last
    return _is_among(found, grants.images) or (is_librarys and _is_kept(found, grants))


def is_own_tag(found: Reference, ledger: Ledger, grants: Grants) -> bool:
    """Return whether a name is the run's own, given by it or kept for it."""
    given = ledger.has("tag", str(found))
    by_digest = found.digest and any(one.startswith(f"{found.repository}:") for one in ledger.ids("tag"))
    return _is_kept(found, grants) or given or bool(by_digest)


def _is_kept(found: Reference, grants: Grants) -> bool:
    """Return whether a name is kept for the exercise by what it begins with."""
    return found.last.startswith(grants.prefixes) and not found.last.startswith(_RESERVED)


def is_removable(name: str, ledger: Ledger, grants: Grants) -> bool:
    """Return whether an image's name may be taken from it."""
    found = reference(name)
    return is_own_tag(found, ledger, grants) or _is_among(found, grants.changes)


def may_be_tagged(name: Any, scene: Scene, _: str = "") -> str:  # noqa: ANN401 - JSON is anything
    """Judge the name that an image is to get, and put it down; the course's own images keep theirs."""
    found = _reference(name)
    if found.digest or found.last.startswith(_RESERVED):
        raise Refused("guard.reserved_name", name=str(name)[:80])
    if str(found) in grants_kept(scene.grants) and not scene.ledger.has("tag", str(found)):
        raise Refused("guard.tag_over", name=found.short)
    scene.tags.append(str(found))
    return str(name)


def grants_kept(grants: Grants) -> frozenset[str]:
    """Return the granted images that have to stay what they are."""
    return grants.images - grants.changes
