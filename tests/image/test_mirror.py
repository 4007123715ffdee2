from __future__ import annotations

import http.server
import os
import shutil
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine, Place, remains
from checker.image import catalogue
from checker.image.mirror import Mirror
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.image.conftest import PaperEngine

linux = pytest.mark.skipif(sys.platform != "linux", reason="the mirror stands beside the embedded engine")
REDIS = next(image for image in catalogue() if image.name == "redis:7")

# stands in for Debian's registry: a Python that answers at the address in its settings file, $2
REGISTRY = """\
import http.server, re, sys
address = re.search("addr: (.+):(.+)", open(sys.argv[2]).read())
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer((address[1], int(address[2])), Handler).serve_forever()
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """A mirror that is installed, at a free port; ended after the test."""
    place = Place(data=tmp_path / "data")
    place.data.mkdir()
    place.mirror_port.write_text(f"{free_port()}\n", encoding="ascii")
    mirror = Mirror(place=place)
    mirror.program.parent.mkdir(parents=True)
    # a process is known by its program's path, so this one needs a program of its own: a copy of the shell
    write(mirror, f"{sys.executable} -c '{REGISTRY}' serve")
    yield mirror
    mirror.stop()


def write(mirror: Mirror, command: str) -> None:
    """Let the mirror's program run a command, as a child of itself."""
    shell = mirror.program.parent / "shell-registry"
    if not shell.exists():
        shutil.copy(os.path.realpath("/bin/sh"), shell)
    mirror.program.write_text(f"#!{shell}\n{command} \"$2\" &\ntrap 'kill $!' TERM\nwait\n", encoding="utf-8")
    mirror.program.chmod(0o755)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_only_the_embedded_engine_has_one(paper: PaperEngine) -> None:
    """An engine that is not ours to configure has no mirror of ours."""
    assert Mirror.of(paper) is None
    assert Mirror.of(Engine(host="unix:///x", origin="embedded")) is not None


def test_images_are_pushed_under_the_name_that_the_engine_asks_for(mirror: Mirror) -> None:
    """What Docker Hub calls redis is library/redis there, and so it has to be here."""
    assert mirror.reference(REDIS) == f"{mirror.address}/library/redis:7"


@linux
def test_is_started_where_it_does_not_answer(mirror: Mirror) -> None:
    """``ensure`` starts it, says so once, and does nothing when it is there."""
    said: list[str] = []
    assert not mirror.answers()
    mirror.ensure(said.append)
    before = remains.running(mirror.folder)
    mirror.ensure(said.append)
    assert mirror.answers()
    assert len(said) == 1
    assert remains.running(mirror.folder) == before


@linux
def test_is_started_again_after_it_was_killed(mirror: Mirror) -> None:
    """Killed without a chance to clean up, it comes back at the next ``ensure``."""
    write(mirror, f"exec {sys.executable} -c '{REGISTRY}' serve")
    mirror.ensure(lambda _: None)
    first = remains.running(mirror.folder)
    for pid in [*first, *remains.below(first)]:
        os.kill(pid, signal.SIGKILL)
    remains.end(first, seconds=5)
    mirror.ensure(lambda _: None)
    assert mirror.answers()
    assert not first.keys() & remains.running(mirror.folder).keys()


@linux
def test_stop_ends_only_ours(mirror: Mirror) -> None:
    """``stop`` ends the processes whose program lies in its folder, and no stranger at its port."""
    mirror.ensure(lambda _: None)
    mirror.stop()
    assert remains.running(mirror.folder) == {}
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as stranger:
        mirror.place.mirror_port.write_text(str(stranger.server_port), encoding="ascii")
        thread = threading.Thread(target=stranger.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        mirror.stop()
        assert thread.is_alive()
        stranger.shutdown()
        thread.join()


@linux
@pytest.mark.parametrize(("language", "words"), [("en", "does not start: "), ("ko", "켜지지 않아요: ")])
def test_says_why_it_does_not_start(mirror: Mirror, monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """A registry that ends at once is an error with the end of its log."""
    monkeypatch.setenv("KATA_LANG", language)
    mirror.program.write_text("#!/bin/sh\necho address already in use >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(KataError) as raised:
        mirror.ensure(lambda _: None)
    assert f"{words}address already in use" in str(raised.value)


@pytest.mark.parametrize(("language", "words"), [("en", "is missing or damaged"), ("ko", "없거나 망가졌어요")])
@pytest.mark.parametrize("content", ["", "eighty\n"])
def test_without_a_port(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, content: str, language: str, words: str
) -> None:
    """Where the engine's port is not known, that is said; and nothing is served."""
    monkeypatch.setenv("KATA_LANG", language)
    mirror.place.mirror_port.write_text(content, encoding="ascii")
    assert not mirror.serves(REDIS)
    with pytest.raises(KataError) as raised:
        mirror.ensure(lambda _: None)
    assert words in str(raised.value)


@pytest.mark.parametrize(("language", "words"), [("en", "could not be pushed"), ("ko", "올리지 못했어요")])
def test_says_why_a_push_fails(
    mirror: Mirror, paper: PaperEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """What docker says when it cannot push is passed on."""
    monkeypatch.setenv("KATA_LANG", language)
    paper.speaks("echo 'received unexpected HTTP status: 500' >&2; exit 1")
    with pytest.raises(KataError) as raised:
        mirror.push(paper, REDIS)
    assert words in str(raised.value)
    assert "500" in str(raised.value)
    assert paper.calls == [f"push --quiet {mirror.reference(REDIS)}"]
