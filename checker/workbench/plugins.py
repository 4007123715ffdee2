"""Plugins of the docker command that a learner's machine may lack: a script that needs one cannot be judged there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checker.image.client import docker
from checker.phrase import KataError

if TYPE_CHECKING:
    from checker.engine import Engine

__all__ = ["lacks_buildx", "missing_plugin"]

# Without the plugin the CLI takes "compose" for a command of its own that it does not know, or complains first of an
# option that comes after it; the same words may be about something else, so that the CLI is asked.
_PERHAPS_COMPOSE = re.compile(
    r"^(?:unknown (?:shorthand )?flag: |docker: (?:'compose' is not a docker|unknown command: docker compose))",
    re.MULTILINE,
)
_BUILDX = re.compile(
    r"BuildKit is enabled but the buildx component is missing"
    r"|^docker: (?:'buildx' is not a docker command|unknown command: docker buildx)",
    re.MULTILINE,
)


def lacks_buildx(said: str) -> bool:
    """Return whether the docker command says that it has no buildx."""
    return _BUILDX.search(said) is not None


def missing_plugin(said: str, engine: Engine) -> KataError | None:
    """Return what to say where a script failed because the docker command here has no compose or no buildx.

    Args:
        said: What the script printed.
        engine: The engine whose docker command it uses.
    """
    if lacks_buildx(said):
        return KataError("build.no_buildx")
    if _PERHAPS_COMPOSE.search(said) and docker(engine, "compose", "version").returncode != 0:
        return KataError("compose.no_plugin")
    return None
