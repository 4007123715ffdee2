"""Removes what an exercise leaves on an engine, and nothing else.

What a learner's script makes is found by its name (``kata-04-*``); what it made without a name, by the events that
were seen while it ran; what the checker made, by its label.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from docker import DockerClient

    from checker.workbench.events import Event

__all__ = ["remove_labelled", "remove_named", "remove_strays"]

_NAMELESS_VOLUME = re.compile(r"[0-9a-f]{64}")


def remove_named(client: DockerClient, prefix: str) -> None:
    """Remove the containers, networks, volumes and images whose name begins with ``prefix``."""
    api = client.api
    pattern = {"name": f"^/?{prefix}"}
    for container in api.containers(all=True, filters=pattern):
        if any(name.removeprefix("/").startswith(prefix) for name in container["Names"]):
            _remove(lambda found=container: api.remove_container(found["Id"], v=True, force=True))
    _remove_networks_and_volumes(client, pattern, lambda name: name.startswith(prefix))
    for image in api.images(filters={"reference": [f"{prefix}*", f"*/{prefix}*"]}):
        for tag in image["RepoTags"] or []:
            if tag.rpartition("/")[2].startswith(prefix):
                _remove(lambda found=tag: api.remove_image(found, force=True))


def remove_labelled(client: DockerClient, run: str) -> None:
    """Remove everything that carries ``kata.run=<run>``."""
    api = client.api
    label = {"label": f"kata.run={run}"}
    for container in api.containers(all=True, filters=label):
        _remove(lambda found=container: api.remove_container(found["Id"], v=True, force=True))
    _remove_networks_and_volumes(client, label, lambda _: True)
    for image in api.images(filters=label):
        _remove(lambda found=image: api.remove_image(found["Id"], force=True))


def remove_strays(client: DockerClient, events: Iterable[Event], images: frozenset[str]) -> None:
    """Remove what a learner's script made without giving it a name of the exercise.

    Args:
        client: The engine.
        events: What happened while the script ran.
        images: References and ids of the images that the exercise's nameless containers are made of; a container
            of another image is not ours to remove, whoever made it.
    """
    api = client.api
    for event in events:
        named = event.about.get("name", "")
        if event.kind == "container" and event.action == "create" and not named.startswith("kata-"):
            if event.about.get("image", "") in images:
                _remove(lambda found=event.id: api.remove_container(found, v=True, force=True))
        elif event.kind == "volume" and event.action == "create" and _NAMELESS_VOLUME.fullmatch(event.id):
            _remove(lambda found=event.id: api.remove_volume(found))  # refused while somebody uses it


def _remove_networks_and_volumes(
    client: DockerClient, filters: dict[str, Any], is_ours: Callable[[str], bool]
) -> None:
    api = client.api
    for network in api.networks(filters=filters):
        if is_ours(network["Name"]):
            _remove(lambda found=network: api.remove_network(found["Id"]))
    for volume in api.volumes(filters=filters)["Volumes"] or []:
        if is_ours(volume["Name"]):
            _remove(lambda found=volume: api.remove_volume(found["Name"], force=True))


def _remove(remove: Callable[[], object]) -> None:
    """Remove something that may be gone already, or that somebody else still uses."""
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    with contextlib.suppress(APIError):
        remove()
