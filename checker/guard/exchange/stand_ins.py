"""Names that are somebody else's: who has tried a script at a terminal has its volumes and images from then.

The run gets a volume of its own, and a name of its own for what it builds (``unseen``), that nobody else has. Its
scripts never hear of these names: their requests are written anew with them, and in what they are answered stand those
that they use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checker.engine import LABEL
from checker.guard import policy
from checker.guard.message import Denied
from checker.guard.reference import reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.guard.ledger import Ledger
    from checker.guard.message import Ask, Grants, Request

__all__ = ["in_the_scripts_names", "is_labelled", "make_way"]


async def make_way(request: Request, ledger: Ledger, grants: Grants, ask: Ask) -> None:
    """Have another name for each volume that a request is to make, or to have made, and that somebody else has."""
    judged = policy.judge(request, ledger, grants)
    if isinstance(judged, Denied):
        return
    made = [judged.subject] if judged.route == "volume.create" else []
    for name in [*judged.volumes, *made]:
        if name and not ledger.has("volume", name):
            status, found = await ask("GET", f"/volumes/{quote(name)}", None)
            if status == 200 and not is_labelled(found, ledger):
                ledger.stand_in(name)


def is_labelled(found: Any, ledger: Ledger) -> bool:  # noqa: ANN401 - JSON is anything
    """Return whether a volume carries the run's label."""
    return isinstance(found, dict) and (found.get("Labels") or {}).get(LABEL) == ledger.run_id


def in_the_scripts_names(answer: Any, ledger: Ledger) -> Any:  # noqa: ANN401 - JSON is anything
    """Return an answer with the names that scripts use.

    Args:
        answer: JSON. The engine's names stand in it by themselves, in paths and in ``name:/folder``; they are like no
            other words.
        ledger: Knows both.
    """
    names = {_listed(name): _listed(actual) for name, actual in ledger.stand_ins.items()}
    return _exchanged(answer, names) if names else answer


def _listed(name: str) -> str:
    """Return a name as the engine lists it; a complete reference has a slash, a volume's name none."""
    return reference(name).short if "/" in name else name


def _exchanged(answer: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON is anything
    if isinstance(answer, str):
        for name, actual in names.items():
            answer = answer.replace(actual, name)
        return answer
    if isinstance(answer, list):
        return [_exchanged(part, names) for part in answer]
    if isinstance(answer, dict):
        return {key: _exchanged(part, names) for key, part in answer.items()}
    return answer
