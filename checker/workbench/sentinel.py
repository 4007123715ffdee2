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
from checker.workbench.together import together

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient

    from checker.guard import Ledger

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
        self._labels = {"kata.run": run}
        self._ids: dict[str, str] = {}
        api = client.api
        together(
            self._start,
            lambda: self._create("stopped", ["true"]),
            lambda: _import_tiny_image(client, self._name, run),
            lambda: api.create_volume(self._name, labels=self._labels),
            lambda: api.create_network(self._name, labels=self._labels, internal=True),
        )
        self._born = self._look()

    def _start(self) -> None:
        self._create("running", ["sleep", "86400"])
        self._client.api.start(self._ids["running"])

    def _create(self, which: str, command: list[str]) -> None:
        api = self._client.api
        alone = api.create_host_config(network_mode="none")
        name = f"{self._name}-{which}"
        made = api.create_container(IMAGE_OF_CONTAINERS, command, name=name, labels=self._labels, host_config=alone)
        self._ids[which] = made["Id"]

    @property
    def running(self) -> str:
        """The id of the container that runs."""
        return self._ids["running"]

    @property
    def stopped(self) -> str:
        """The id of the container that does not run."""
        return self._ids["stopped"]

    def lend(self, ledger: Ledger) -> None:
        """Let scripts see them and do with them what they like: who reaches for everything has to find something."""
        for which, id_ in self._ids.items():
            ledger.adopt("container", id_, f"{self._name}-{which}")
        ledger.adopt("volume", self._name, self._name)
        ledger.adopt("network", self._born["network"], self._name)
        ledger.adopt("tag", f"docker.io/library/{self._name}:1", self._born["image"])
        ledger.adopt("image", self._born["image"])

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

        def remove(removing: Callable[[], object]) -> None:
            with contextlib.suppress(APIError):
                removing()

        together(
            lambda: remove(lambda: api.remove_container(self.running, force=True, v=True)),
            lambda: remove(lambda: api.remove_container(self.stopped, force=True, v=True)),
            lambda: remove(lambda: api.remove_image(f"{self._name}:1", force=True)),
            lambda: remove(lambda: api.remove_volume(self._name, force=True)),
            lambda: remove(lambda: api.remove_network(self._name)),
        )

    def _look(self) -> dict[str, Any]:
        api = self._client.api
        return {
            "running": _or_none(lambda: _life(api.inspect_container(self.running))),
            "stopped": _or_none(lambda: _life(api.inspect_container(self.stopped))),
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


def _import_tiny_image(client: DockerClient, name: str, run: str) -> None:
    """Make an image of one file, like no other."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        content = name.encode()
        entry = tarfile.TarInfo("bystander")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    client.api.import_image_from_data(layer.getvalue(), repository=name, tag="1", changes=[f"LABEL kata.run={run}"])
