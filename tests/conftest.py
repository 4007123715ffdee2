"""What every test finds: an engine where it is marked ``docker``, and a refusal of one where it is not."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.exercise import Course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.engine import Engine

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder."""
    return ROOT


@pytest.fixture(scope="session")
def course(root: Path) -> Course:
    """The real course."""
    return Course(root)


@pytest.fixture
def client(engine: Engine) -> Iterator[DockerClient]:
    """The engine through docker-py."""
    client = engine.client()
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _no_engine_unless_marked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse Docker's socket to a test that is not marked as needing one."""
    if request.node.get_closest_marker("docker") is not None:
        return
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, str) and address.endswith("docker.sock"):
            raise AssertionError(f"only tests marked docker may talk to an engine, and this one asked {address}")
        real(self, address)  # type: ignore[arg-type]  # whatever it is, socket knows it better

    monkeypatch.setattr(socket.socket, "connect", connect)
