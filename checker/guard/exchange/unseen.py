"""Images that are made where nobody can look: by BuildKit, and by loading a tar. They are found by comparing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checker.engine import LABEL
from checker.guard.exchange.narrow import complete, see
from checker.guard.policy.named import is_own_tag
from checker.guard.reference import is_reference, reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.guard.ledger import Ledger
    from checker.guard.message import Ask, Grants

__all__ = ["close", "images", "open_build", "settle"]


async def images(ask: Ask) -> list[dict[str, Any]]:
    """Return the engine's images, as it lists them.

    Raises:
        ConnectionError: It does not list them.
    """
    status, rows = await ask("GET", "/images/json", None)
    if status != 200 or not isinstance(rows, list):
        raise ConnectionError(f"the engine does not list its images: {status}")
    return rows


async def open_build(ledger: Ledger, ask: Ask) -> None:
    """Remember what is there before something is built or loaded."""
    rows = await images(ask)
    before = {name: row["Id"] for row in rows for name in complete(row.get("RepoTags"))}
    ledger.open_build({**before, **{row["Id"]: row["Id"] for row in rows}})


async def close(ledger: Ledger, grants: Grants, ask: Ask, names: tuple[str, ...] | None = None) -> None:
    """Compare for the last time; also where the comparison fails, the build is over.

    Args:
        ledger: What belongs to the run.
        grants: What it may change beyond that.
        ask: Asks the engine.
        names: The complete references that the build was to give, where it said so; somebody else may have given
            others meanwhile. None where nobody could look.
    """
    try:
        await settle(ledger, grants, ask, names)
    finally:
        ledger.close_build()


async def settle(ledger: Ledger, grants: Grants, ask: Ask, names: tuple[str, ...] | None = None) -> None:
    """Compare with what was there before the builds that are going on: new images and names are the run's own.

    A name that was taken from an image that is not the run's goes back to it; not so one of another exercise's, which
    is made and moved by runs beside this one.
    """
    before = ledger.before_builds
    if before is None:
        return
    for row in await images(ask):
        see(row, ledger)
        if not _is_foreign(row, ledger) and not _is_anothers(row, names):
            await _own(row, before, ledger, grants, ask)


def _is_anothers(row: Mapping[str, Any], names: tuple[str, ...] | None) -> bool:
    """Return whether an image has names, and none of those that the build was to give."""
    tags = complete(row.get("RepoTags"))
    return names is not None and bool(tags) and not tags & frozenset(names)


def _is_foreign(row: Mapping[str, Any], ledger: Ledger) -> bool:
    """Return whether another run's label is on an image."""
    labels: Mapping[str, str] = row.get("Labels") or {}
    return labels.get(LABEL, ledger.run_id) != ledger.run_id


async def _own(row: Mapping[str, Any], before: Mapping[str, str], ledger: Ledger, grants: Grants, ask: Ask) -> None:
    full_id, tags = row["Id"], complete(row.get("RepoTags"))
    ours = {name for name in tags if is_reference(name) and not _is_an_exercises(name, ledger, grants)}
    moved = [name for name in sorted(ours) if before.get(name) != full_id]
    mine = [name for name in moved if _may_have(name, before, ledger, grants)]
    if full_id not in before and (mine or not tags or any(name in before for name in moved)):
        ledger.add("image", full_id)
    for name in mine:
        ledger.add("tag", name, full_id)
    for name in moved:
        if name in before and name not in mine:
            ledger.give_back(name)
            await _give_back(name, before[name], ask)


def _may_have(name: str, before: Mapping[str, str], ledger: Ledger, grants: Grants) -> bool:
    if is_own_tag(reference(name), ledger, grants):
        return True
    if name in before:
        return name in grants.changes or ledger.has("image", before[name])
    # an image of the course came with a pull, or somebody else brought it in: all runs share it, and nobody owns it
    return name not in grants.images


def _is_an_exercises(name: str, ledger: Ledger, grants: Grants) -> bool:
    """Return whether a name belongs to another exercise."""
    found = reference(name)
    return found.last.startswith("kata-") and not is_own_tag(found, ledger, grants)


async def _give_back(name: str, full_id: str, ask: Ask) -> None:
    found = reference(name)
    await ask("POST", f"/images/{full_id}/tag?repo={quote(found.repository, safe='')}&tag={quote(found.tag)}", None)
