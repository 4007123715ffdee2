"""What the image tests share: a docker that was made of paper, and a real one that leaves nothing behind."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.engine import LABEL, Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperEngine(Engine):
    """An engine whose API answers with what a test wrote down, and whose CLI is a shell script."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def request(self, method: str, path: str, body: object = None, *, seconds: float = 30) -> tuple[int, Any]:
        """Answer by the path without its query; 404 for what no test prepared."""
        del body, seconds
        self.asked.append(f"{method} {path}")
        return self.answers.get(path.partition("?")[0], (404, None))

    def has(self, *names: str, **more: object) -> None:
        """Let these images be all that is in its cache."""
        rows = [
            {"Id": f"sha256:{name}", "RepoTags": [name], "Size": 7, "Created": 9, "Labels": None, **more}
            for name in names
        ]
        self.answers["/images/json"] = (200, rows)

    def has_as_standin(self, name: str, recipe: str) -> None:
        """Let one of the images in its cache be a stand-in that was made by this recipe."""
        for row in self.answers["/images/json"][1]:
            if row["RepoTags"] == [name]:
                row["Labels"] = {"kata.standin": recipe}

    def speaks(self, script: str) -> None:
        """Let its ``docker`` be this shell script; every call is noted in ``calls`` beside it."""
        program = Path(self.tools) / "docker"
        program.write_text(f'#!/bin/sh\necho "$*" >> "{self.tools}/calls"\n{script}\n', encoding="utf-8")
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """How its ``docker`` was called."""
        noted = Path(self.tools) / "calls"
        return noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []


@pytest.fixture
def paper(tmp_path: Path) -> PaperEngine:
    """An engine of another's, with an empty cache and a CLI that succeeds in silence."""
    (tmp_path / "tools").mkdir()
    engine = PaperEngine(host="unix:///nowhere.sock", origin="default", tools=str(tmp_path / "tools"))
    engine.has()
    engine.speaks("exit 0")
    return engine


class Docker:
    """The docker CLI on a real engine; everything it starts carries one label and is removed at the end."""

    def __init__(self, engine: Engine, temporary: Path) -> None:
        self.run_id = f"contract-{secrets.token_hex(4)}"
        self.label = f"{LABEL}={self.run_id}"
        # the CLI leaves there what it builds from its standard input
        self._environ = {**os.environ, **engine.environment(), "TMPDIR": str(temporary)}

    def __call__(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run docker and return how it ended, with stdout and stderr."""
        return subprocess.run(
            ["docker", *arguments],
            env=self._environ,
            input=text or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def output(self, *arguments: str, text: str | None = None) -> str:
        """Run docker, insist that it succeeds, and return its stdout."""
        done = self(*arguments, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str, text: str | None = None) -> str:
        """Run a container to its end and return its stdout."""
        return self.output("run", "--rm", "--interactive", "--label", self.label, *arguments, text=text)

    def start(self, *arguments: str) -> str:
        """Start a container in the background and return its id."""
        return self.output("run", "--detach", "--label", self.label, *arguments).strip()

    def network(self) -> str:
        """Create a network and return its name."""
        name = f"kata-{self.run_id}"
        self.output("network", "create", "--label", self.label, name)
        return name

    def until(self, succeeds: Callable[[], bool], what: str, seconds: float = 20) -> None:
        """Poll until something holds; fail with what it was."""
        deadline = time.monotonic() + seconds
        while not succeeds():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
            time.sleep(0.05)

    def clear(self) -> None:
        """Remove all that carries the label."""
        for kind, remove in (("container", ("rm", "--force", "--volumes")), ("network", ("rm",))):
            found = self.output(kind, "ls", "--quiet", "--filter", f"label={self.label}", *_all(kind)).split()
            if found:
                self.output(kind, *remove, *found)


def _all(kind: str) -> tuple[str, ...]:
    return ("--all",) if kind == "container" else ()


@pytest.fixture
def docker(engine: Engine, tmp_path: Path) -> Iterator[Docker]:
    """The docker CLI on the engine that answers."""
    docker = Docker(engine, tmp_path)
    yield docker
    docker.clear()
