"""Builds through a guard on a real engine, while somebody else builds there too."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import subprocess
from typing import TYPE_CHECKING, Protocol

import pytest

from checker.engine import Engine, find_engine
from checker.guard import Grants
from checker.guard.reference import reference
from checker.guard.remove import remove
from checker.guard.serve import Guard
from tests.guard.raw import Raw, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

pytestmark = pytest.mark.docker
SECONDS = 120


class Docker(Protocol):
    """The docker command, through a guard; returns what it says."""

    def __call__(self, *arguments: str, dockerfile: str = "", **environment: str) -> str: ...


class Build(Protocol):
    """How somebody else builds; returns the image's id."""

    def __call__(self, text: str, name: str = "") -> str: ...


BUSYBOX = str(reference("busybox:1"))
NONCE = secrets.token_hex(8)  # so that no image is there before
BASE = f"FROM busybox:1\nLABEL nonce={NONCE}\n"
UPGRADE = ("Connection: Upgrade", "Upgrade: h2c")


@contextlib.contextmanager
def guarded(engine: Engine, folder: Path) -> Iterator[tuple[Guard, Docker]]:
    """Yield a guard and a docker command that goes through it; what the run made is removed at the end."""
    with Guard(engine, Grants(images=frozenset({BUSYBOX})), "builds", folder / "g.sock") as guard:
        environment = {**os.environ, **engine.environment(), "DOCKER_HOST": guard.host, "TMPDIR": str(folder)}

        def docker(*arguments: str, dockerfile: str = "", **more: str) -> str:
            ended = subprocess.run(
                ["docker", *arguments],
                env={**environment, **more},
                input=dockerfile,
                timeout=SECONDS,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            return ended.stdout.strip()

        try:
            yield guard, docker
        finally:
            guard.close()
            remove(engine, guard.ledger)


@contextlib.contextmanager
def stranger(engine: Engine) -> Iterator[Build]:
    """Yield how somebody else builds beside the guard, with the classic builder; it is removed at the end."""
    client: DockerClient = engine.client()
    made: list[str] = []

    def build(text: str, name: str = "") -> str:
        image, _ = client.images.build(fileobj=io.BytesIO(text.encode()), rm=True, tag=name or None)
        made.append(str(image.id))
        return str(image.id)

    try:
        yield build
    finally:
        for full_id in made:
            client.api.remove_image(full_id, force=True)
        client.close()


def what_is_built_beside_strangers(engine: Engine, folder: Path) -> None:
    """Build through a guard while others build, and assert that each image is its builder's."""
    with stranger(engine) as build, guarded(engine, folder) as (guard, docker), Raw.at(guard) as tunnel:
        tunnel.send(request("POST", "/grpc", None, *UPGRADE))  # from here on a build is going on
        said = tunnel.head()
        assert said is not None
        assert said.status == 101
        nameless, named = build(f"{BASE}LABEL a=1\n"), build(f"{BASE}LABEL a=2\n", "kg-theirs")
        layered = build(f"{BASE}LABEL a=3\nLABEL a=4\n")
        quiet = docker("build", "-q", "-", dockerfile=f"{BASE}LABEL b=1\n")
        told = docker("build", "-q", "-t", "kg-ours", "-", dockerfile=f"{BASE}LABEL b=2\nRUN echo > /x\n")
        labelled = docker("build", "-q", "-", dockerfile=f'{BASE}LABEL kata.run="another"\n')
        again = docker("build", "-q", "-", dockerfile=f"{BASE}LABEL b=1\n")  # another id with containerd's store
        assert docker("run", "--rm", quiet, "echo", "hello") == "hello"
        tunnel.socket.close()
        guard.close()
        ours = {quiet, again, told, labelled}
        assert set(guard.ledger.ids("image")) == ours
        assert guard.ledger.ids("tag") == ("docker.io/library/kg-ours:latest",)
        assert remove(engine, guard.ledger) == []
        for full_id in ours:
            assert engine.request("GET", f"/images/{full_id}/json")[0] == 404
        for full_id in (nameless, named, layered):
            assert engine.request("GET", f"/images/{full_id}/json")[0] == 200


def test_what_strangers_build_meanwhile_stays_theirs(short: Path) -> None:
    """With a name or without, as a whole or a step of it: a run has what BuildKit says that it has built for it."""
    what_is_built_beside_strangers(find_engine(), short)


def test_the_classic_builder_makes_no_base_the_runs_own(short: Path) -> None:
    """It tells the id of a stage that is nothing but FROM, as if it had made it; and of what was there before."""
    with stranger(find_engine()) as build, guarded(find_engine(), short) as (guard, docker):
        text = f"FROM busybox:1 AS base\nFROM base\nLABEL nonce={NONCE} c=1\n"
        docker("build", "-q", "-", dockerfile=text, DOCKER_BUILDKIT="0")
        full_id = str(find_engine().order("GET", "/images/busybox:1/json")["Id"])
        assert not guard.ledger.has("image", full_id)
        assert len(guard.ledger.ids("image")) == 1
        build(f"{BASE}LABEL d=1\n")
        again = docker("build", "-q", "-", dockerfile=f"{BASE}LABEL d=1\n")
        assert docker("run", "--rm", again, "echo", "hello") == "hello"


def test_an_image_that_was_there_may_be_run_by_its_id(short: Path) -> None:
    """Who has tried the same Dockerfile by hand has the same image: the script's own build gives it, and it stays."""
    text = f"{BASE}LABEL e=1\n"
    engine = find_engine()
    by_hand = subprocess.run(
        ["docker", "build", "-q", "-"],
        env={**os.environ, **engine.environment(), "TMPDIR": str(short)},
        input=text,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
    ).stdout.strip()
    try:
        with guarded(engine, short) as (guard, docker):
            built = docker("build", "-q", "-", dockerfile=text)
            assert docker("run", "--rm", built, "echo", "hello") == "hello"
            assert not guard.ledger.has("image", by_hand)
        assert engine.request("GET", f"/images/{by_hand}/json")[0] == 200
    finally:
        engine.request("DELETE", f"/images/{by_hand}?force=1")


@pytest.mark.alone
def test_the_build_cache_stays(short: Path) -> None:
    """It is everybody's: ``docker builder prune`` ends well, says that there was nothing, and removes nothing."""
    engine = find_engine()
    with guarded(engine, short) as (_, docker):
        docker("build", "-q", "-", dockerfile=f"{BASE}RUN echo {NONCE} > /kept\n")
        before = _cache(engine)
        said = [docker("builder", "prune", "-f"), docker("buildx", "prune", "-af"), docker("system", "prune", "-f")]
        assert _cache(engine) == before
        assert [line.split(":")[1].strip() for text in said for line in text.splitlines() if "Total" in line] == [
            "0B",
            "0B",
            "0B",
        ]


def _cache(engine: Engine) -> set[str]:
    found = engine.request("GET", "/system/df?type=build-cache")[1]
    return {record["ID"] for record in found["BuildCache"]}
