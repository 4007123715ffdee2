"""Things that have nothing to do with an exercise, there to see whether a script keeps its hands off them.

One container that runs, one that does not, a tagged image, a volume and a network, all labelled as ours. A script that
prunes, or removes whatever it finds, removes one of these.
"""

from __future__ import annotations

import contextlib
import io
import secrets
import tarfile
from typing import TYPE_CHECKING, Any

from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient

__all__ = ["Sentinels"]

IMAGE_OF_CONTAINERS = "busybox:1"


class Sentinels:
    """The bystanders of one run.

    Args:
        client: The engine to put them on.
        run: The run that they are labelled with.
    """

    def __init__(self, client: DockerClient, run: str) -> None:
        self._client = client
        self._name = f"kata-bystander-{secrets.token_hex(4)}"
        labels = {"kata.run": run}
        api = client.api
        self._running = api.create_container(
            IMAGE_OF_CONTAINERS,
            ["sleep", "86400"],
            name=f"{self._name}-running",
            labels=labels,
            host_config=api.create_host_config(network_mode="none"),
        )["Id"]
        api.start(self._running)
        self._stopped = api.create_container(
            IMAGE_OF_CONTAINERS, ["true"], name=f"{self._name}-stopped", labels=labels
        )["Id"]
        self._image = _tiny_image(client, self._name, run)
        api.create_volume(self._name, labels=labels)
        api.create_network(self._name, labels=labels, internal=True)
        self._born = self._look()

    def examine(self) -> None:
        """Look whether all are as they were.

        Raises:
            Mistake: One was removed, stopped, started or changed; the message says which kind.
        """
        now = self._look()
        for what, before in self._born.items():
            if now[what] != before:
                raise Mistake(f"bystander.{what}")

    def remove(self) -> None:
        """Remove whatever is left of them."""
        from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

        api = self._client.api
        for remove in (
            lambda: api.remove_container(self._running, force=True, v=True),
            lambda: api.remove_container(self._stopped, force=True, v=True),
            lambda: api.remove_image(f"{self._name}:1", force=True),
            lambda: api.remove_volume(self._name, force=True),
            lambda: api.remove_network(self._name),
        ):
            with contextlib.suppress(APIError):
                remove()

    def _look(self) -> dict[str, Any]:
        api = self._client.api
        return {
            "running": _or_none(lambda: _life(api.inspect_container(self._running))),
            "stopped": _or_none(lambda: _life(api.inspect_container(self._stopped))),
            "image": _or_none(lambda: api.inspect_image(f"{self._name}:1")["Id"]),
            "volume": _or_none(lambda: _identity(api.inspect_volume(self._name))),
            "network": _or_none(lambda: api.inspect_network(self._name)["Id"]),
        }


def _life(found: dict[str, Any]) -> tuple[object, ...]:
    state = found["State"]
    return found["Name"], state["Status"], state["StartedAt"], state["Pid"], found["RestartCount"]


def _identity(volume: dict[str, Any]) -> tuple[object, ...]:
    """Return what tells a volume from another one of the same name; it has no id."""
    return volume["Name"], volume["CreatedAt"], volume["Labels"]


def _or_none(look: Callable[[], object]) -> object:
    from docker.errors import NotFound  # noqa: PLC0415 - imported late, as everywhere

    try:
        return look()
    except NotFound:
        return None


def _tiny_image(client: DockerClient, name: str, run: str) -> str:
    """Make an image of one file, like no other, and return its id."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        content = name.encode()
        entry = tarfile.TarInfo("bystander")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    client.api.import_image_from_data(layer.getvalue(), repository=name, tag="1", changes=[f"LABEL kata.run={run}"])
    return str(client.api.inspect_image(f"{name}:1")["Id"])
