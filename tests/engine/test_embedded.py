from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from checker.engine import Place, embedded, ready, remains, sweep
from checker.engine.found import answers, embedded_engine
from checker.phrase import KataError

linux = pytest.mark.skipif(sys.platform != "linux", reason="the embedded engine is Linux's")


def _dockerd(place: Place, script: str) -> None:
    """Put a shell script where the embedded engine's program would be."""
    (place.tools / "sbin").mkdir(parents=True)
    (place.tools / "sbin/dockerd").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (place.tools / "sbin/dockerd").chmod(0o755)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Return a place whose sockets lie in the test's own folder, and where no bridge is made."""
    monkeypatch.setattr(Place, "run", tmp_path / "run")
    monkeypatch.setattr(Place, "socket", tmp_path / "run/paper.sock")
    monkeypatch.setattr("checker.engine.bridge.ensure", lambda _: None)
    monkeypatch.setattr("checker.engine.bridge.remove", lambda _: None)
    return Place(data=tmp_path / "data")


def test_only_root_can_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an ordinary user the embedded engine is not possible."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not embedded.is_possible()


def test_only_a_debian_can_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no package source is Debian's (an Ubuntu), it is not possible either."""

    def none() -> None:
        raise KataError("engine.no_apt_source", folder="/etc/apt")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(embedded, "system_source", none)
    assert not embedded.is_possible()


@linux
@pytest.mark.parametrize(("language", "words"), [("en", "ended while it was starting"), ("ko", "끝나 버렸어요")])
def test_says_why_the_engine_died(place: Place, monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """An engine that ends while it starts is an error with the end of its log, at once."""
    monkeypatch.setenv("KATA_LANG", language)
    _dockerd(place, "echo noise; echo failed to start: no such disk >&2; exit 1")
    with pytest.raises(KataError, match="no such disk") as caught:
        embedded.start(place, lambda _: None)
    assert words in str(caught.value)
    assert "clean --all" in str(caught.value)


@linux
@pytest.mark.parametrize(("language", "words"), [("en", "within 0 seconds"), ("ko", "0초 안에")])
def test_says_that_the_engine_is_not_ready(
    place: Place, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """An engine that never answers is given up on when time is up, with the end of its log."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(embedded, "_READY_SECONDS", 0.1)
    _dockerd(place, "echo still thinking; exec sleep 60")
    with pytest.raises(KataError, match=words) as caught:
        embedded.start(place, lambda _: None)
    assert str(place.log) in str(caught.value)


@linux
@pytest.mark.parametrize(("language", "words"), [("en", "could not be made"), ("ko", "만들지 못했어요")])
def test_says_that_there_can_be_no_bridge(
    place: Place, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A kernel that refuses the bridge is quoted."""

    def refuse(_: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr("checker.engine.bridge.ensure", refuse)
    _dockerd(place, "exit 1")
    with pytest.raises(KataError, match="Operation not permitted") as caught:
        embedded.start(place, lambda _: None)
    assert words in str(caught.value)


def test_mirror_keeps_its_port(place: Place) -> None:
    """The port is chosen once; the next start finds the same."""
    place.data.mkdir()
    assert embedded.mirror_port(place) == embedded.mirror_port(place)


def test_mirror_moves_when_a_stranger_has_its_port(place: Place) -> None:
    """A port that another program listens on is given up for a free one."""
    place.data.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        place.mirror_port.write_text(str(taken), encoding="ascii")
        assert embedded.mirror_port(place) != taken


def test_damaged_port_file_is_replaced(place: Place) -> None:
    """A port file that holds no number is written anew."""
    place.data.mkdir()
    place.mirror_port.write_text("", encoding="ascii")
    port = embedded.mirror_port(place)
    assert place.mirror_port.read_text(encoding="ascii") == f"{port}\n"


@linux
def test_slow_driver_is_announced(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel refuses an overlay the engine gets vfs, and the user a line."""
    monkeypatch.setattr(embedded, "_overlay_works", lambda _: False)
    place.data.mkdir()
    said: list[str] = []
    assert "--storage-driver=vfs" in list(embedded._flags(place, said.append))
    assert any("vfs" in line for line in said)


@linux
def test_stopping_what_does_not_run_is_no_error(place: Place) -> None:
    """Stop may be called at any time."""
    embedded.stop(place)


@linux
@pytest.mark.docker
@pytest.mark.alone
@pytest.mark.full
@pytest.mark.skipif(not embedded.is_possible(), reason="needs root on a Debian")
def test_lives_dies_and_goes(tmp_path: Path) -> None:
    """A fresh machine gets an engine; killed with all its helpers it comes up again; then nothing is left."""
    place = Place(data=tmp_path / "data")
    before = set(Path("/sys/class/net").iterdir())
    embedded.install(place, lambda _: None)
    try:
        with ready.alone(place, lambda _: None):
            engine = embedded.start(place, lambda _: None)
        variables = {**os.environ, **engine.environment()}
        for command in ("docker buildx version", "docker compose version", "docker network create left-over"):
            subprocess.run(command.split(), env=variables, check=True, capture_output=True)
        remains.end(remains.running(place.tools), seconds=0)
        assert answers(embedded_engine(place)) is not None
        embedded.start(place, lambda _: None)
        assert answers(embedded_engine(place)) is None
    finally:
        sweep.uninstall(place)
    assert not remains.running(place.data)
    assert not place.data.exists()
    assert not place.run.exists()
    assert set(Path("/sys/class/net").iterdir()) <= before
