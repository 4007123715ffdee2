from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine, doctor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import FakeEngine

INFO = {
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "CgroupVersion": "2",
    "Architecture": "aarch64",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"],
    "DockerRootDir": "/nowhere/docker",
}


def _engine(fake: FakeEngine, distribution: int = 200) -> Engine:
    fake.answers |= {
        "/version": (200, {"Version": "29.1.0", "ApiVersion": "1.52"}),
        "/info": (200, INFO),
        "/distribution/hello-world/json": (distribution, {}),
    }
    return Engine(host=fake.host, origin="context")


def test_describes_the_engine(fake_engine: FakeEngine) -> None:
    """One line has the engine's versions, driver, image store, cgroup version and architecture."""
    line = next(iter(doctor.engine_lines(_engine(fake_engine))))
    assert line.ok
    for word in (
        "29.1.0",
        "1.52",
        "context",
        "overlayfs",
        "containerd image store",
        "v2",
        "aarch64",
        "rootless",
    ):
        assert word in line.text


@pytest.mark.parametrize(
    ("language", "missing", "remedy"),
    [("en", "buildx is missing", "docker-buildx"), ("ko", "buildx가 없어요", "설치해 주세요")],
)
def test_says_how_to_get_what_is_missing(
    fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, language: str, missing: str, remedy: str
) -> None:
    """Without a CLI there is a line a program, each with how to get it."""
    engine = _engine(fake_engine)

    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError("docker")

    monkeypatch.setattr(subprocess, "run", absent)
    monkeypatch.setenv("KATA_LANG", language)
    lines = [line for line in doctor.engine_lines(engine) if not line.ok]
    assert lines[1].text == missing
    assert remedy in lines[1].remedy
    assert len(lines) == 3


@pytest.mark.parametrize(("language", "words"), [("en", "images load FILE"), ("ko", "이미지를 가져와")])
def test_says_that_the_registry_is_out_of_reach(
    fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """An engine that cannot ask its registry is told how to get the images in a file."""
    monkeypatch.setenv("KATA_LANG", language)
    lines = list(doctor.engine_lines(_engine(fake_engine, distribution=500)))
    assert any(words in line.remedy for line in lines)


@pytest.mark.parametrize(("language", "words"), [("en", "free some space"), ("ko", "공간을 비워")])
def test_says_that_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """Less room than the images want is not ok."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(doctor, "_ROOM", 2**80)
    line = doctor._disk(tmp_path)
    assert not line.ok
    assert words in line.remedy


@pytest.mark.usefixtures("bare")
def test_examines_a_machine_without_an_engine() -> None:
    """Without an engine the rest is still examined, and the remedy is ./kata up."""
    lines = list(doctor.examine())
    assert [line.ok for line in lines][:3] == [True, True, False]
    assert "./kata up" in lines[2].remedy


@pytest.mark.docker
def test_finds_a_real_engine_complete() -> None:
    """The engine of these tests has its CLI, buildx and compose."""
    lines = [line.text for line in doctor.examine() if line.ok]
    for name in ("Docker engine", "docker ", "buildx ", "compose "):
        assert any(text.startswith(name) for text in lines)
