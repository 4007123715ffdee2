"""Names of images."""

from __future__ import annotations

import pytest

from checker.explain.reference import nearest, normalised, registry_of, repository_of, shortened


@pytest.mark.parametrize(
    ("written", "complete"),
    [
        ("redis", "redis:latest"),
        ("docker.io/library/redis:7", "redis:7"),
        ("me/app", "me/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("redis@sha256:ab", "redis@sha256:ab"),
    ],
)
def test_a_name_has_one_complete_form(written: str, complete: str) -> None:
    """However a name is written, its complete form is one."""
    assert normalised(written) == complete


def test_a_name_comes_apart() -> None:
    """Registry, repository and tag are told apart, a port is not a tag."""
    assert registry_of("localhost:5000/app:1") == "localhost:5000"
    assert registry_of("me/app") == ""
    assert repository_of("localhost:5000/app:1") == "localhost:5000/app"
    assert repository_of("redis:7") == "redis"
    assert shortened("docker.io/library/redis:latest") == "redis"


def test_the_nearest_names_come_first() -> None:
    """The same repository under another tag is nearer than another spelling; what is far is not named."""
    known = ("redis:7", "python:3.11-slim", "busybox:1", "debian:bookworm-slim")
    assert nearest("python", known) == ("python:3.11-slim",)
    assert nearest("Redsi:7", known) == ("redis:7",)
    assert nearest("kubernetes", known) == ()
