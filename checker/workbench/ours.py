"""What the checks themselves put on the engine or before a script; it goes with the run."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.engine.found import LABEL
from checker.verdict import Mistake
from checker.workbench.container import Container

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from checker.engine import Engine

__all__ = ["Front", "create", "put_in_front", "start_beside"]

_PREFIX = ".kata-front-"


def create(client: DockerClient, run: str, config: Mapping[str, Any], name: str) -> Container:
    """Make a container, not yet started; in no network where its ``HostConfig`` names none.

    Args:
        client: The engine.
        run: The run whose label it gets.
        config: What the API's ``POST /containers/create`` takes.
        name: What it is called; empty for a name that the engine makes up.
    """
    host = {"NetworkMode": "none", **config.get("HostConfig", {})}
    made = client.api.create_container_from_config({**config, "HostConfig": host, "Labels": {LABEL: run}}, name or None)
    called = name or client.api.inspect_container(made["Id"])["Name"].removeprefix("/")
    return Container(client, made["Id"], called)


def start_beside(client: DockerClient, run: str, container: Container, image: str) -> Container | None:
    """Start a container that shares another one's network, and waits there to be asked something.

    Returns:
        The container; None where the other one is gone or does not run, or ended or began anew at this very moment.

    Raises:
        docker.errors.APIError: The engine refuses for another reason.
    """
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    before = _life(container)
    if before is None:
        return None
    shared = {"NetworkMode": f"container:{container.id}"}
    waiting = {"Image": image, "Entrypoint": ["sleep", "600"], "Cmd": [], "HostConfig": shared}
    beside = create(client, run, waiting, "")
    try:
        client.api.start(beside.id)
    except APIError:
        if _life(container) == before:
            raise
        return None
    return beside


def _life(container: Container) -> str | None:
    """Return since when a container runs."""
    try:
        state = container.inspect()["State"]
    except Mistake:
        return None
    return str(state["StartedAt"]) if state["Running"] else None


@dataclass(frozen=True, slots=True)
class Front:
    """A program of ours that scripts find before the machine's own of that name.

    Attributes:
        folder: Where it lies; scripts may write there.
        environment: What a script needs in its environment to find it.
    """

    folder: Path
    environment: Mapping[str, str]


def put_in_front(engine: Engine, work: Path, program: str, text: str) -> Front:
    """Put a program before the machine's own; in a lab ``in_lab`` sees to it that it stands before the lab's.

    Args:
        engine: The engine whose docker command would be found otherwise.
        work: The run's own copy of the work.
        program: Its name, ``docker``.
        text: What is in the file, ``#!`` line and all.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=work))
    folder.chmod(0o777)  # in a lab the script is somebody else
    file = folder / program
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return Front(folder, {"PATH": f"{folder}:{engine.environment()['PATH']}"})
