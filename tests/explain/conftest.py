"""What the tests of explaining share: a learner's desk, and what an answer has to be like."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from checker.explain.output import explain
from checker.phrase import KataError, phrase
from checker.verdict import Mistake
from checker.workbench.container import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checker.engine import Engine

KNOWN = ("busybox:1", "redis:7", "python:3.11-slim", "debian:bookworm-slim", "hello-world")
"""The images of an imagined exercise."""

Answer = Mistake | KataError | None


class Expect(Protocol):
    """Asserts what an answer is, and returns its sentences in English and in Korean."""

    def __call__(self, answer: Answer, key: str, **blanks: object) -> tuple[str, str]:
        """Assert that this is the answer."""


@pytest.fixture(name="expect", scope="session")
def _expect() -> Expect:
    """How the tests assert what was recognised."""
    return expect


def expect(answer: Answer, key: str, **blanks: object) -> tuple[str, str]:
    """Assert that this is the answer, with these blanks among its own, and that both sentences name them."""
    assert answer is not None
    assert answer.key == f"docker.{key}"
    assert {name: answer.blanks[name] for name in blanks} == blanks
    text = answer.cause if isinstance(answer, KataError) else phrase(answer.key).fill(answer.blanks)
    for value in blanks.values():
        assert str(value) in text.en
        assert str(value) in text.ko
    assert any("가" <= letter <= "힣" for letter in text.ko)
    return text.en, text.ko


class Desk:
    """A learner's place: a folder, a CLI, and the label under which all is cleared away."""

    def __init__(self, engine: Engine, work: Path) -> None:
        self.engine = engine
        self.work = work
        self.label = f"exp-{secrets.token_hex(4)}"

    def docker(self, *arguments: str, **environ: str) -> str:
        """Run the CLI in the folder and return all it said."""
        environment = os.environ | self.engine.environment() | environ
        done = subprocess.run(
            ["docker", *arguments],
            cwd=self.work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def logs(self, name: str) -> str:
        """Return a container's log; a busy engine writes the last of it a moment after the end."""
        wait_for(lambda: bool(self.docker("logs", name)), 1.0, every=0.1)
        return self.docker("logs", name)

    def run(self, *arguments: str) -> str:
        """``docker run`` with our label."""
        return self.docker("run", "--label", f"kata.run={self.label}", *arguments)

    def build(self, dockerfile: str, *options: str, **environ: str) -> str:
        """Build a Dockerfile without a network."""
        (self.work / "Dockerfile").write_bytes(dockerfile.encode())
        arguments = ["--network=none", "--label", f"kata.run={self.label}", *options, "."]
        return self.docker("build", *arguments, **environ)

    def write(self, name: str, content: str, mode: int = 0o644) -> None:
        """Put a file into the folder."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
        path.chmod(mode)

    def explain(self, said: str) -> Answer:
        """Explain with all there is to know."""
        return explain(said, work=self.work, engine=self.engine, known_images=KNOWN)

    def inspect(self, name: str) -> dict[str, Any]:
        """Return what the engine's API shows of a container."""
        status, found = self.engine.request("GET", f"/containers/{name}/json")
        assert status == 200
        return dict(found)

    def read(self, name: str, path: str) -> bytes | None:
        """Return a file of a container, running or not."""
        target = self.work / f"read-{secrets.token_hex(4)}"
        self.docker("cp", f"{name}:{path}", str(target))
        return target.read_bytes() if target.is_file() else None

    def clear(self) -> None:
        """Remove everything that carries our label."""
        wanted = f"label=kata.run={self.label}"
        for listed, removed in (
            (("ps", "-aq", "--filter", wanted), ("rm", "-f", "-v")),
            (("network", "ls", "-q", "--filter", wanted), ("network", "rm")),
            (("image", "ls", "-q", "--filter", wanted), ("image", "rm", "-f")),
        ):
            found = dict.fromkeys(self.docker(*listed).split())
            if found:
                self.docker(*removed, *found)


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    """A desk that is cleared afterwards."""
    desk = Desk(engine, tmp_path)
    yield desk
    desk.clear()


@pytest.fixture
def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
