"""Removes what a run made through its guard."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from checker.guard.reference import reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.engine import Engine
    from checker.guard.ledger import Kind, Ledger

__all__ = ["remove"]

# what uses comes before what is used, and an image's names before the image
_PATHS: dict[Kind, str] = {
    "container": "/containers/{}?force=1&v=1",
    "network": "/networks/{}",
    "volume": "/volumes/{}?force=1",
    "tag": "/images/{}",
    "image": "/images/{}?force=1",
}
_SECONDS = 60


def remove(engine: Engine, ledger: Ledger) -> list[str]:
    """Remove everything that belongs to a run, and strike it out of its ledger.

    Args:
        engine: Where it is.
        ledger: What it is.

    Returns:
        A line for each object that could not be removed: what it is and what the engine said. What is gone already
        was removed by somebody else, and is no trouble.

    Raises:
        KataError: ``engine.not_answering``.
    """
    return [line for kind in _PATHS for line in _remove(engine, ledger, kind)]


def _remove(engine: Engine, ledger: Ledger, kind: Kind) -> Iterator[str]:
    for full_id in ledger.ids(kind):
        name = str(reference(full_id).short) if kind == "tag" else full_id
        status, answer = engine.request("DELETE", _PATHS[kind].format(quote(name, safe="/:@")), seconds=_SECONDS)
        if status >= 400 and status != 404:
            yield f"{kind} {name}: {answer.get('message', answer) if isinstance(answer, dict) else answer}"
        else:
            ledger.forget(kind, full_id)
