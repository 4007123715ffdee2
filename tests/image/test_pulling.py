from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.image import catalogue, pull_error
from checker.image.pulling import fetch
from checker.phrase import KataError

if TYPE_CHECKING:
    from tests.image.conftest import PaperEngine

HUB = 'Error response from daemon: Get "https://registry-1.docker.io/v2/": '
REDIS = next(image for image in catalogue() if image.name == "redis:7")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (HUB + "dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host", "unreachable"),
        (HUB + "dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution", "unreachable"),
        (HUB + "dial tcp 3.4.5.6:443: i/o timeout", "unreachable"),
        (HUB + "net/http: TLS handshake timeout", "unreachable"),
        (
            HUB + "net/http: request canceled while waiting for connection (Client.Timeout exceeded)",
            "unreachable",
        ),
        (HUB + "context deadline exceeded", "unreachable"),
        (HUB + "dial tcp 3.4.5.6:443: connect: network is unreachable", "unreachable"),
        (HUB + "proxyconnect tcp: dial tcp 127.0.0.1:3128: connect: connection refused", "unreachable"),
        (HUB + "EOF", "unreachable"),
        (HUB + "x509: certificate signed by unknown authority", "untrusted"),
        (HUB + "tls: failed to verify certificate: x509: certificate has expired", "untrusted"),
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", "rate_limit"),
        (
            "failed to do request: Head https://registry-1.docker.io/v2/library/redis: 429 Too Many Requests",
            "rate_limit",
        ),
        (HUB + "unauthorized: incorrect username or password", "login"),
        ("failed to register layer: write /usr/lib/x.so: no space left on device", "disk_full"),
    ],
)
def test_says_why_nothing_can_be_pulled(text: str, key: str) -> None:
    """What docker says is told apart: network, certificate, limit, login, disk; with docker's line in it."""
    error = pull_error(f"Unable to find image 'redis:7' locally\n{text}\nSee 'docker run --help'.\n")
    assert error is not None
    assert error.key == f"image.{key}"
    assert text in error.cause.en
    assert text in error.cause.ko
    assert error.remedy.en != error.remedy.ko


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Error response from daemon: manifest for redis:77 not found: manifest unknown",
        "pull access denied for rediss, repository does not exist or may require 'docker login': denied",
        'Get "http://localhost:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
        "curl: (28) Connection timed out: timeout",
        "dial tcp 10.0.0.7:5432: i/o timeout",
    ],
)
def test_leaves_a_learners_mistake_alone(text: str) -> None:
    """A misspelt name, a registry of the learner's, a program that finds no server: none of it is ours."""
    assert pull_error(text) is None


def test_pulls_by_the_name_that_learners_write(paper: PaperEngine) -> None:
    """An image is pulled as ``docker pull redis:7`` would."""
    fetch(paper, REDIS)
    assert paper.calls == ["pull --quiet redis:7"]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "redis:7 could not be pulled"), ("ko", "redis:7을 받지 못했어요")]
)
def test_an_unknown_error_is_passed_on(
    paper: PaperEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """What we do not recognise is said in docker's words."""
    monkeypatch.setenv("KATA_LANG", language)
    paper.speaks("echo 'a new kind of trouble' >&2; exit 1")
    with pytest.raises(KataError) as raised:
        fetch(paper, REDIS)
    assert words in str(raised.value)
    assert "a new kind of trouble" in str(raised.value)


@pytest.mark.parametrize(("language", "words"), [("en", "no docker command"), ("ko", "docker 명령이 없어요")])
def test_without_a_docker_command(
    paper: PaperEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Where there is no CLI, that is what is said, and how to get one."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setenv("PATH", "/nowhere")
    bare = type(paper)(host=paper.host, origin="default")
    with pytest.raises(KataError) as raised:
        fetch(bare, REDIS)
    assert words in str(raised.value)
    assert "./kata up" in str(raised.value)
