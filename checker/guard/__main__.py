"""Serves one guard, for tests and for whoever wants to look: ``python -m checker.guard --socket S --engine E``.

It says ``ready S`` when it listens, and when it is told to end (SIGTERM, Ctrl-C) it removes what was made through it.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from checker.engine import Engine
from checker.engine.found import answers
from checker.guard.message import Grants
from checker.guard.reference import reference
from checker.guard.remove import remove
from checker.guard.serve import Guard
from checker.image.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.guard.transcript import Entry

__all__ = ["main"]

GRANTS = ("commit", "load", "registry", "host-pid")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end; return the exit code: 0, or 3 where something of ours or the engine's went wrong."""
    wanted = _parser().parse_args(arguments)
    engine = Engine(host=wanted.engine, origin="DOCKER_HOST", certs=wanted.certs)
    problem = answers(engine)
    if problem is not None:
        print(problem, file=sys.stderr)  # noqa: T201 - a command's own words
        return 3
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    guard = Guard(
        engine,
        _grants(wanted),
        wanted.run,
        wanted.socket,
        tell=_tell if wanted.verbose else None,
        on_death=lambda _: over.set(),
    )
    with guard:
        print(f"ready {wanted.socket}", flush=True)  # noqa: T201 - whoever started it waits for this
        over.wait()
    left = remove(engine, guard.ledger)
    for line in left:
        print(line, file=sys.stderr)  # noqa: T201 - as above
    if guard.failure is not None:
        print(repr(guard.failure), file=sys.stderr)  # noqa: T201 - as above
    return 3 if left or guard.failure is not None else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m checker.guard", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where to listen")
    parser.add_argument("--engine", required=True, help="the engine's address, as DOCKER_HOST has it")
    parser.add_argument("--certs", default="", help="a folder with ca.pem, cert.pem and key.pem, for TLS")
    parser.add_argument("--work", type=_folder, help="a folder whose files may be mounted")
    parser.add_argument("--allow", action="append", default=[], choices=GRANTS, help="what may be asked for more")
    parser.add_argument("--image", action="append", default=[], help="an image that may be used (default: all)")
    parser.add_argument("--run", default=secrets.token_hex(4), help="the run's id, as the label kata.run has it")
    parser.add_argument("--verbose", action="store_true", help="say what is asked, on stderr")
    return parser


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"no folder: {text}")
    return folder.resolve()


def _grants(wanted: argparse.Namespace) -> Grants:
    images = wanted.image or [image.tagged for image in catalogue()]
    return Grants(
        work=wanted.work,
        images=frozenset(str(reference(name)) for name in images),
        allow=frozenset(wanted.allow),
    )


def _tell(entry: Entry) -> None:
    if entry.end:
        took = f"{entry.seconds * 1000:.0f} ms"
        print(entry.method, entry.path, entry.status, entry.end, entry.denied, took, file=sys.stderr)  # noqa: T201 - as above


if __name__ == "__main__":
    sys.exit(main())
