"""Removes what an exercise leaves on an engine, and nothing else.

What an exercise makes is found by its name (``kata-04-*``), by the label that the guard and the checker put on it,
and, where Docker puts no label on a thing, by what the guard's ledger says of it.
"""

from __future__ import annotations

import contextlib
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.workbench.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from docker import DockerClient

    from checker.guard.ledger import Kind

__all__ = ["Stray", "remove_labelled", "remove_named", "remove_strays"]

KINDS: tuple[Kind, ...] = ("container", "network", "volume", "tag", "image")
"""What has to be removed; an exec goes with its container."""

_FULL_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
_REFERENCE = re.compile(r"[a-z0-9][\w.:/@-]*")


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that a learner's script made, as its guard's ledger has it: a kind, and a full id or reference."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @classmethod
    def read(cls, line: str) -> Stray | None:
        """Read back a line that ``str`` made; None for one that was cut short.

        Docker would take the beginning of an id for any container that happens to begin so.
        """
        kind, _, found = line.removesuffix("\n").partition(" ")
        if not line.endswith("\n"):
            return None
        for known in KINDS:
            pattern = _REFERENCE if known in {"tag", "volume"} else _FULL_ID
            if kind == known and pattern.fullmatch(found):
                return cls(known, found)
        return None


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


def remove_strays(client: DockerClient, strays: Iterable[Stray]) -> None:
    """Remove what scripts made; a volume and an image only if nobody uses it."""
    found: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
    for one in strays:
        found[one.kind].append(one.id)
    _remove_containers(client, found["container"])  # they let go of all the others
    for network in found["network"]:
        _remove(client.api.remove_network, network)
    for volume in found["volume"]:
        _remove(client.api.remove_volume, volume)
    for image in (*found["tag"], *found["image"]):
        _remove(client.api.remove_image, image)


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
