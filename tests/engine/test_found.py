from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine, found
from checker.engine.found import answers, find_engine, is_chosen
from checker.phrase import KataError

if TYPE_CHECKING:
    from tests.engine.conftest import FakeEngine

LANGUAGES = ("en", "ko")


def _context(home: Path, name: str, host: str) -> None:
    docker = home / ".docker"
    meta = docker / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": endpoints}), encoding="utf-8")
    (docker / "config.json").write_text(json.dumps({"currentContext": name}), encoding="utf-8")


def _usual(monkeypatch: pytest.MonkeyPatch, *sockets: Path) -> None:
    monkeypatch.setattr(found, "_usual_sockets", lambda: iter(sockets))


@pytest.mark.usefixtures("bare")
def test_docker_host_comes_first(fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that DOCKER_HOST names is used."""
    monkeypatch.setenv("DOCKER_HOST", fake_engine.host)
    assert find_engine() == Engine(host=fake_engine.host, origin="DOCKER_HOST")
    assert is_chosen()


def test_context_comes_second(bare: Path, fake_engine: FakeEngine) -> None:
    """An engine that the CLI's current context names is used, without asking the CLI."""
    _context(bare, "colima", fake_engine.host)
    assert find_engine() == Engine(host=fake_engine.host, origin="context")


def test_docker_context_names_another(bare: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_CONTEXT wins over the context in the configuration."""
    _context(bare, "mine", fake_engine.host)
    (bare / ".docker/config.json").write_text('{"currentContext": "other"}', encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONTEXT", "mine")
    assert find_engine().origin == "context"


@pytest.mark.usefixtures("bare")
def test_usual_socket_comes_third(fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody names an engine, one that answers in a usual place is used."""
    _usual(monkeypatch, Path(fake_engine.host.removeprefix("unix://")))
    assert find_engine().origin == "default"
    assert not is_chosen()


@pytest.mark.usefixtures("bare")
def test_dead_socket_is_passed_over(short: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that a dead engine left in a usual place does not hide a living one."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(short / "dead.sock"))
    _usual(monkeypatch, short / "dead.sock", short / "paper.sock")
    assert find_engine().host == fake_engine.host


@pytest.mark.usefixtures("bare")
def test_embedded_comes_last(fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own engine is used with its own CLI and plugins."""
    path = Path(fake_engine.host.removeprefix("unix://"))
    monkeypatch.setattr("checker.engine.place.Place.socket", path)
    engine = find_engine()
    assert engine.origin == "embedded"
    assert engine.environment()["PATH"].startswith(engine.tools)
    assert engine.environment()["DOCKER_CONFIG"] == engine.plugins


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("No Docker engine answers.", "Run ./kata up")), ("ko", ("engine이 없어요", "./kata up 을"))],
)
def test_says_that_there_is_none(monkeypatch: pytest.MonkeyPatch, language: str, words: tuple[str, str]) -> None:
    """Without any engine the error says to run ./kata up."""
    monkeypatch.setenv("KATA_LANG", language)
    with pytest.raises(KataError) as caught:
        find_engine()
    assert all(word in str(caught.value) for word in words)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("language", "words"), [("en", "Start that engine"), ("ko", "그 engine을 켜거나")])
def test_named_engine_is_never_replaced(
    short: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A DOCKER_HOST that does not answer is an error, even where another engine would."""
    _usual(monkeypatch, Path(fake_engine.host.removeprefix("unix://")))
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{short}/none.sock")
    with pytest.raises(KataError, match=words) as caught:
        find_engine()
    assert caught.value.key == "engine.not_answering"
    assert "DOCKER_HOST" in str(caught.value)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("language", "words"), [("en", "docker group"), ("ko", "docker 그룹")])
def test_says_that_the_socket_is_not_ours(
    monkeypatch: pytest.MonkeyPatch, short: Path, language: str, words: str
) -> None:
    """A socket that this user may not open is told from one where nobody listens."""

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(found, "ask", denied)
    _usual(monkeypatch, found._DEFAULT)
    with pytest.raises(KataError, match=words) as caught:
        find_engine()
    assert caught.value.key == "engine.no_permission"
    assert "docker.sock" in str(caught.value)
    del short


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("language", "words"), [("en", "forward the socket"), ("ko", "소켓을 가져와")])
def test_says_that_ssh_is_not_supported(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """An ssh:// address is refused with the way around it."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setenv("DOCKER_HOST", "ssh://someone@example.org")
    with pytest.raises(KataError, match=words):
        find_engine()


@pytest.mark.parametrize("language", LANGUAGES)
def test_says_that_a_context_is_unknown(bare: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """A current context that the store does not know is named, with what to type."""
    (bare / ".docker").mkdir()
    (bare / ".docker/config.json").write_text('{"currentContext": "lost"}', encoding="utf-8")
    monkeypatch.setenv("KATA_LANG", language)
    with pytest.raises(KataError, match="docker context use default") as caught:
        find_engine()
    assert "lost" in str(caught.value)


@pytest.mark.usefixtures("bare")
def test_damaged_configuration_is_no_configuration(bare: Path) -> None:
    """A config.json that is not JSON names no context."""
    (bare / ".docker").mkdir()
    (bare / ".docker/config.json").write_text("{", encoding="utf-8")
    with pytest.raises(KataError) as caught:
        find_engine()
    assert caught.value.key == "engine.missing"


def test_engine_that_refuses_a_ping_does_not_answer(fake_engine: FakeEngine) -> None:
    """A 500 on the ping is not an answer, and is quoted."""
    fake_engine.answers["/_ping"] = (500, "starting")
    problem = answers(Engine(host=fake_engine.host, origin="DOCKER_HOST"))
    assert problem is not None
    assert "500 starting" in str(problem)


def test_silent_engine_does_not_answer(short: Path) -> None:
    """A socket that accepts and says nothing is given up on when time is up."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(short / "s.sock"))
        silent.listen()
        problem = answers(Engine(host=f"unix://{short}/s.sock", origin="DOCKER_HOST"), seconds=0.05)
    assert problem is not None
    assert problem.key == "engine.not_answering"


@pytest.mark.parametrize(
    ("host", "published"),
    [
        ("unix:///var/run/docker.sock", "127.0.0.1"),
        ("tcp://10.0.0.7:2375", "10.0.0.7"),
        ("tcp://[::1]:2375", "::1"),
    ],
)
def test_published_ports_are_where_the_engine_is(host: str, published: str) -> None:
    """A local engine publishes on loopback, a remote one at its own address."""
    assert Engine(host=host, origin="DOCKER_HOST").published_host == published


def test_children_use_this_engine_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a child gets overrides a context, keeps the PATH, and switches Ryuk off."""
    monkeypatch.setenv("PATH", "/usr/bin")
    variables = Engine(host="unix:///e.sock", origin="default").environment()
    assert variables["DOCKER_HOST"] == "unix:///e.sock"
    assert variables["DOCKER_CONTEXT"] == ""
    assert variables["PATH"] == "/usr/bin"
    assert variables["TESTCONTAINERS_RYUK_DISABLED"] == "true"
    assert "DOCKER_CONFIG" not in variables


@pytest.mark.usefixtures("bare")
def test_tls_material_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS engine's folder of certificates reaches the children."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.7:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/certs")
    engine = found._named()
    assert engine is not None
    assert engine.environment()["DOCKER_CERT_PATH"] == "/certs"


def test_request_parses_json(fake_engine: FakeEngine) -> None:
    """JSON comes back parsed, anything else as text, each with its status."""
    fake_engine.answers["/version"] = (200, {"Version": "26.1.5"})
    engine = Engine(host=fake_engine.host, origin="default")
    assert engine.request("GET", "/version") == (200, {"Version": "26.1.5"})
    assert engine.request("GET", "/_ping") == (200, "OK")
    assert engine.request("GET", "/nothing")[0] == 404


@pytest.mark.docker
def test_real_engine_answers() -> None:
    """The engine that is found answers the stdlib call and docker-py alike."""
    engine = find_engine()
    client = engine.client(seconds=10)
    try:
        assert client.version()["ApiVersion"] == engine.request("GET", "/version")[1]["ApiVersion"]
    finally:
        client.close()
