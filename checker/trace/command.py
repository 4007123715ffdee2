"""``kata trace``: runs a command behind a guard and tells what client and server say to each other."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from checker.guard import Grants
from checker.guard.reference import reference
from checker.guard.serve import Guard
from checker.image import catalogue
from checker.phrase import KataError, language
from checker.trace.diagram import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from checker.engine import Engine
    from checker.guard import Entry, Ledger
    from checker.trace.live import Live

    Run = Callable[[Sequence[str], Mapping[str, str]], int]

__all__ = ["trace"]


# what builds and compose draw again and again would be torn apart by our lines
_PROGRESS = {"BUILDKIT_PROGRESS": "plain", "COMPOSE_PROGRESS": "plain"}


def trace(  # noqa: PLR0913 - what to run, where, how to tell it, and what to leave behind
    command: Sequence[str],
    engine: Engine,
    live: Live,
    run: Run,
    *,
    allow: frozenset[str] = frozenset(),
    save: Path | None = None,
) -> int:
    """Run a command behind a guard, tell the conversation, and sum it up.

    Args:
        command: The program and its arguments; a script in the current folder needs no ``./``.
        engine: The engine that is talked to.
        live: Who tells it.
        run: Runs a program to its end in the environment that it is given, and returns its exit code.
        allow: What the guard is to allow beyond the usual.
        save: Where to draw it as a sequence diagram; None for nowhere.

    Returns:
        The command's exit code.

    Raises:
        KataError: ``trace.no_such_command``, ``trace.not_saved``, or ``trace.stumbled``: a bug of ours.
    """
    with _behind_a_guard(engine, live.tell, allow) as guard:
        code = _started(_found(command), _environment(engine, guard.host), run)
    live.summary()
    if save is not None:
        _save(save, draw(live.story.steps, shlex.join(command), language()))
    failure = guard.failure or live.failure
    if failure is not None:
        raise KataError("trace.stumbled", detail=f"{type(failure).__name__}: {failure}") from failure
    return code


@contextlib.contextmanager
def _behind_a_guard(engine: Engine, tell: Callable[[Entry], None], allow: frozenset[str]) -> Iterator[Guard]:
    """Put a guard before the engine that lets a learner's own command see and change what is there already.

    It is the learner's engine and the learner who types; the guard is here to listen.
    """
    images = _images(engine)
    grants = Grants(work=Path.cwd(), images=images, changes=images, prefixes=(), allow=allow)
    with tempfile.TemporaryDirectory(prefix="kata-trace-") as folder:
        run_id = f"trace-{secrets.token_hex(4)}"
        with Guard(engine, grants, run_id, Path(folder) / "docker.sock", tell=tell) as guard:
            _adopt(engine, guard.ledger)
            yield guard


def _images(engine: Engine) -> frozenset[str]:
    """Return the images that may be used: the catalogue's, and whatever the engine has."""
    _, rows = engine.request("GET", "/images/json")
    named = {name for row in rows or () for name in row.get("RepoTags") or () if "<none>" not in name}
    return frozenset(str(reference(name)) for name in named | {image.name for image in catalogue()})


def _adopt(engine: Engine, ledger: Ledger) -> None:
    """Let everything that is on the engine be the command's to use."""
    for row in engine.request("GET", "/containers/json?all=1")[1] or ():
        ledger.adopt("container", row["Id"], row["Names"][0].lstrip("/") if row.get("Names") else "")
    for row in engine.request("GET", "/networks")[1] or ():
        ledger.adopt("network", row["Id"], row["Name"])
    for row in engine.request("GET", "/volumes")[1].get("Volumes") or ():
        ledger.adopt("volume", row["Name"], row["Name"])


def _environment(engine: Engine, host: str) -> dict[str, str]:
    """Return the command's environment: ours, with the guard where the engine was."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_TLS")}
    inherited.pop("DOCKER_CERT_PATH", None)
    before = {"TESTCONTAINERS_HOST_OVERRIDE": engine.published_host}
    return _PROGRESS | inherited | replace(engine, host=host, certs="").environment() | before


def _found(command: Sequence[str]) -> list[str]:
    """Return the command as it can be started: a script beside us by its path, by a shell if it has to be."""
    name, *arguments = command
    path = Path(name)
    if not path.is_file() or (path.name == name and shutil.which(name)):
        return [name, *arguments]
    return [str(path.absolute()), *arguments] if os.access(path, os.X_OK) else ["sh", name, *arguments]


def _started(command: Sequence[str], environment: Mapping[str, str], run: Run) -> int:
    try:
        return run(command, environment)
    except OSError as error:
        raise KataError("trace.no_such_command", command=command[0], reason=error.strerror or error) from error


def _save(path: Path, picture: str) -> None:
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise KataError("trace.not_saved", path=path, reason=error.strerror or error) from error
