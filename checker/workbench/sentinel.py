"""Things that have nothing to do with an exercise, there to see whether a script keeps its hands off them.

One container that runs, one that does not, a tagged image, a volume and a network, all labelled as ours. A script that
prunes, or removes whatever it finds, removes one of these.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from checker.verdict import Mistake
from checker.workbench.packed import packed
from checker.workbench.together import together

if TYPE_CHECKING:
    from checker.engine import Engine
    from checker.guard import Ledger

__all__ = ["Sentinels"]

IMAGE_OF_CONTAINERS = "busybox:1"


class Sentinels:
    """The bystanders of one run.

    Args:
        engine: The engine to put them on.
        run: The run that they are labelled with.
    """

    def __init__(self, engine: Engine, run: str) -> None:
        self._engine = engine
        self._name = f"kata-bystander-{secrets.token_hex(4)}"
        self._labels = {"kata.run": run}
        self._ids: dict[str, str] = {}
        named = {"Name": self._name, "Labels": self._labels}
        together(
            self._start,
            lambda: self._create("stopped", ["true"]),
            lambda: _import_tiny_image(engine, self._name, run),
            lambda: engine.order("POST", "/volumes/create", named),
            lambda: engine.order("POST", "/networks/create", {**named, "Internal": True}),
        )
        self._born = self._look()

    def _start(self) -> None:
        self._create("running", ["sleep", "86400"])
        self._engine.order("POST", f"/containers/{self._ids['running']}/start")

    def _create(self, which: str, command: list[str]) -> None:
        alone = {"Labels": self._labels, "HostConfig": {"NetworkMode": "none"}}
        made = {"Image": IMAGE_OF_CONTAINERS, "Cmd": command, **alone}
        self._ids[which] = self._engine.order("POST", f"/containers/create?name={self._name}-{which}", made)["Id"]

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

        def remove(what: str) -> None:  # whatever the engine answers: it may be gone, or somebody may be using it
            self._engine.request("DELETE", f"/{what}", seconds=60)

        together(
            lambda: remove(f"containers/{self.running}?force=1&v=1"),
            lambda: remove(f"containers/{self.stopped}?force=1&v=1"),
            lambda: remove(f"images/{self._name}:1?force=1"),
            lambda: remove(f"volumes/{self._name}?force=1"),
            lambda: remove(f"networks/{self._name}"),
        )

    def _look(self) -> dict[str, Any]:
        inspect = self._engine.inspect
        return {
            "running": _life(inspect("containers", self.running)),
            "stopped": _life(inspect("containers", self.stopped)),
            "image": _id(inspect("images", f"{self._name}:1")),
            "volume": _identity(inspect("volumes", self._name)),
            "network": _id(inspect("networks", self._name)),
        }


def _id(found: dict[str, Any] | None) -> object:
    return found and found["Id"]


def _life(found: dict[str, Any] | None) -> object:
    if found is None:
        return None
    state = found["State"]
    return found["Name"], state["Status"], state["StartedAt"], state["Pid"], found["RestartCount"]


def _identity(volume: dict[str, Any] | None) -> object:
    """Return what tells a volume from another one of the same name; it has no id."""
    return volume and (volume["Name"], volume["CreatedAt"], volume["Labels"])


def _import_tiny_image(engine: Engine, name: str, run: str) -> None:
    """Make an image of one file, like no other."""
    what = urlencode({"fromSrc": "-", "repo": name, "tag": "1", "changes": f"LABEL kata.run={run}"})
    engine.order("POST", f"/images/create?{what}", packed({"bystander": name.encode()}))
