from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine
from checker.workbench.plugins import missing_plugin

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = Engine(host="unix:///nowhere.sock", origin="default")
USAGE = "\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n"


@pytest.fixture(params=[True, False], ids=["has compose", "has no compose"])
def has_compose(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Put a docker command on the PATH that has the compose plugin, or has not."""
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\n[ "$1 $2" = "compose version" ] && exit {0 if request.param else 1}\nexit 9\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return bool(request.param)


@pytest.mark.parametrize(
    "said",
    [
        f"unknown shorthand flag: 'd' in -d{USAGE}",
        f"starting\nunknown flag: --ansi{USAGE}",
        "docker: 'compose' is not a docker command.\nSee 'docker --help'\n",
        "docker: unknown command: docker compose\n\nRun 'docker --help' for more information\n",
    ],
)
def test_compose_is_missed_only_where_it_is_missing(said: str, *, has_compose: bool) -> None:
    """What the CLI says without the plugin it also says of a slip in the script; the CLI is asked which it is."""
    missing = missing_plugin(said, ENGINE)
    assert (missing is None) is has_compose
    if missing is not None:
        assert missing.key == "compose.no_plugin"
        assert "has no compose plugin" in missing.cause.en
        assert "compose plugin이 없는데" in missing.cause.ko


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: BuildKit is enabled but the buildx component is missing or broken.\n",
        "docker: 'buildx' is not a docker command.\n",
        "docker: unknown command: docker buildx\n",
    ],
)
@pytest.mark.usefixtures("has_compose")
def test_buildx_that_is_missing_says_so_itself(said: str) -> None:
    """A script that builds needs buildx, which a machine may lack; that is nobody's mistake."""
    missing = missing_plugin(said, ENGINE)
    assert missing is not None
    assert missing.key == "build.no_buildx"


@pytest.mark.usefixtures("has_compose")
def test_other_words_are_other_mistakes() -> None:
    """Whatever else a script says is for others to explain."""
    for said in ("", "docker: unknown command: docker rnu\n", "unknown flag\n", "Error: No such container: x\n"):
        assert missing_plugin(said, ENGINE) is None
