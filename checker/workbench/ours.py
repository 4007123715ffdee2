"""What the checks themselves put on the engine or before a script; it goes with the run."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.engine.found import LABEL
from checker.workbench.container import Container

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from checker.engine import Engine

__all__ = ["Front", "create", "put_in_front"]

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
