"""Removes what an exercise leaves on an engine, and nothing else.

What a learner's script makes is found by its name (``kata-04-*``); what it made without a name, by the events that
were seen while it ran; what the checker made, by its label.
"""

from __future__ import annotations

import contextlib
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.explain.reference import normalised
from checker.workbench.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from docker import DockerClient

    from checker.workbench.events import Event

__all__ = ["Stray", "is_exercises", "is_made_of", "remove_labelled", "remove_named", "remove_strays", "stray"]

_FULL_ID = _NAMELESS_VOLUME = re.compile(r"[0-9a-f]{64}")
_NAME_OF_OURS = re.compile(r"kata-(?:\d\d|bystander)-")


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that a learner's script made without giving it one of the exercise's names."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @classmethod
    def read(cls, line: str) -> Stray:
        """Read back what ``str`` wrote; a line that was cut short names nothing.

        Docker would take the beginning of an id for any container that happens to begin so.
        """
        kind, _, found = line.strip().partition(" ")
        return cls(kind, found) if _FULL_ID.fullmatch(found) else cls("", "")


def remove_named(client: DockerClient, prefix: str) -> None:
    """Remove the containers, networks, volumes and images whose name begins with ``prefix``."""
    api = client.api
    pattern = {"name": f"^/?{prefix}"}
    found = api.containers(all=True, filters=pattern)
    ours = [row["Id"] for row in found if any(name.removeprefix("/").startswith(prefix) for name in row["Names"])]
    _remove_containers(client, ours)
    _remove_networks_and_volumes(client, pattern, lambda name: name.startswith(prefix))
    for image in api.images(filters={"reference": [f"{prefix}*", f"*/{prefix}*"]}):
        for tag in image["RepoTags"] or []:
            if tag.rpartition("/")[2].startswith(prefix):
                _remove(api.remove_image, tag, force=True)


def remove_labelled(client: DockerClient, run: str) -> None:
    """Remove everything that carries ``kata.run=<run>``."""
    api = client.api
    label = {"label": f"kata.run={run}"}
    _remove_containers(client, [row["Id"] for row in api.containers(all=True, filters=label)])
    _remove_networks_and_volumes(client, label, lambda _: True)
    for image in api.images(filters=label):
        _remove(api.remove_image, image["Id"], force=True)


def is_exercises(name: str) -> bool:
    """Return whether a name is one that an exercise, or the checker, gives: ``kata-04-redis``."""
    return _NAME_OF_OURS.match(name) is not None


def is_made_of(event: Event, images: frozenset[str], prefix: str) -> bool:
    """Return whether the container that an event tells of was made of one of these images; see ``stray``."""
    image = event.about.get("image", "")
    return image.startswith(prefix) or bool({image, normalised(image)} & images)


def stray(event: Event, images: frozenset[str], prefix: str) -> Stray | None:
    """Return what an event says a script made without a name of the exercise; None where it made no such thing.

    Args:
        event: What happened.
        images: Normalised references, and ids, of the images that nameless containers are made of; a container
            of another image is not ours to remove, whoever made it.
        prefix: What the names of the exercise's own images begin with, ``kata-05-``.
    """
    if "kata.run" in event.about:
        return None
    if event.kind == "container" and event.action == "rename":
        was_ours = event.about.get("oldName", "").removeprefix("/").startswith(prefix)
        return Stray("container", event.id) if was_ours else None
    if event.action != "create":
        return None
    if event.kind == "container":
        is_nameless = not is_exercises(event.about.get("name", ""))
        return Stray("container", event.id) if is_nameless and is_made_of(event, images, prefix) else None
    is_nameless = event.kind == "volume" and _NAMELESS_VOLUME.fullmatch(event.id) is not None
    return Stray("volume", event.id) if is_nameless else None


def remove_strays(client: DockerClient, strays: Iterable[Stray]) -> None:
    """Remove what scripts made without a name of the exercise; a volume only if nobody uses it."""
    found = list(strays)
    _remove_containers(client, [one.id for one in found if one.kind == "container"])  # they let go of their volumes
    for volume in (one.id for one in found if one.kind == "volume"):
        _remove(client.api.remove_volume, volume)


def _remove_containers(client: DockerClient, ids: Iterable[str]) -> None:
    """Remove containers side by side: the engine takes a tenth of a second for each."""
    remove = functools.partial(_remove, client.api.remove_container, v=True, force=True)
    together(*(functools.partial(remove, id_) for id_ in ids))


def _remove_networks_and_volumes(client: DockerClient, filters: dict[str, Any], is_ours: Callable[[str], bool]) -> None:
    api = client.api
    for network in api.networks(filters=filters):
        if is_ours(network["Name"]):
            _remove(api.remove_network, network["Id"])
    for volume in api.volumes(filters=filters)["Volumes"] or []:
        if is_ours(volume["Name"]):
            _remove(api.remove_volume, volume["Name"], force=True)


def _remove(remove: Callable[..., object], found: str, **options: bool) -> None:
    """Remove something that may be gone already, or that somebody else still uses."""
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    with contextlib.suppress(APIError):
        remove(found, **options)
