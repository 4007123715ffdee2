"""Images that are made where nobody asks for them one by one: by a build, and by loading a tar.

What a build says (``Output``) tells which they are; the engine's lists, before and after, whether they and their names
are new. Where it says nothing that can be understood, whatever is new counts as its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checker.engine import LABEL
from checker.guard.exchange.narrow import complete, see
from checker.guard.policy.named import is_own_tag, is_visible
from checker.guard.reference import is_reference, reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.guard.ledger import Ledger
    from checker.guard.message import Ask, Grants
    from checker.guard.output import Output

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


async def open_build(ledger: Ledger, ask: Ask, output: Output) -> None:
    """Remember what is there before something is built or loaded, and what it gives."""
    rows = await images(ask)
    before = {name: row["Id"] for row in rows for name in complete(row.get("RepoTags"))}
    ledger.open_build({**before, **{row["Id"]: row["Id"] for row in rows}}, output)


async def close(ledger: Ledger, grants: Grants, ask: Ask, output: Output) -> None:
    """Compare for the last time; also where the comparison fails, the build is over."""
    try:
        await settle(ledger, grants, ask)
    finally:
        ledger.close_build(output)


async def settle(ledger: Ledger, grants: Grants, ask: Ask) -> None:
    """Compare with what was there before the builds that are going on: their new images and names are the run's own.

    A name that was taken from an image that is not the run's goes back to it; not so one of another exercise's, which
    is made and moved by runs beside this one.
    """
    before = ledger.before_builds
    if before is None:
        return
    for row in await images(ask):
        see(row, ledger)
        if _is_made(row["Id"], ledger) or (not _is_foreign(row, ledger) and _may_be_made(row, ledger)):
            await _own(row, before, ledger, grants, ask)


def _is_made(full_id: str, ledger: Ledger) -> bool:
    """Return whether a build says that it has made this image."""
    return any(full_id in output.made for output in ledger.builds)


def _may_be_made(row: Mapping[str, Any], ledger: Ledger) -> bool:
    tags = complete(row.get("RepoTags"))
    return any(output.may_be(row["Id"], tags) for output in ledger.builds)


def _is_foreign(row: Mapping[str, Any], ledger: Ledger) -> bool:
    """Return whether another run's label is on an image."""
    labels: Mapping[str, str] = row.get("Labels") or {}
    return labels.get(LABEL, ledger.run_id) != ledger.run_id


async def _own(row: Mapping[str, Any], before: Mapping[str, str], ledger: Ledger, grants: Grants, ask: Ask) -> None:
    full_id, tags = row["Id"], complete(row.get("RepoTags"))
    ours = {name for name in tags if is_reference(name) and not _is_an_exercises(name, ledger, grants)}
    moved = [name for name in sorted(ours) if before.get(name) != full_id]
    mine = [name for name in moved if _may_have(name, before, ledger, grants)]
    made = _is_made(full_id, ledger)
    if full_id not in before and (made or mine or not tags or any(name in before for name in moved)):
        ledger.add("image", full_id)
    elif made and not ledger.has("image", full_id):
        ledger.share_image(full_id)
    for name in mine:
        ledger.add("tag", name, full_id)
    theirs = {name for name in moved if name in before and name not in mine}
    for name in sorted(theirs):
        await _tag(name, before[name], ask)
    asked = {name for output in ledger.builds for name in output.names}
    same = asked.intersection(ours).difference(moved) if made else set()  # it was built of the same bytes before
    for name in sorted(theirs | {name for name in same if not ledger.has("tag", name)}):
        await _stand_in(name, full_id, ledger, grants, ask)
    ledger.see_image(full_id, ledger.seen_images().get(full_id, frozenset()) - theirs)


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


async def _stand_in(name: str, full_id: str, ledger: Ledger, grants: Grants, ask: Ask) -> None:
    """Give an image another name in place of one that is somebody else's; scripts go on to use that one."""
    if is_visible(reference(name), ledger, grants):
        return
    actual = ledger.stand_in(name)
    if actual != name:  # else there are too many already
        ledger.add("tag", actual, full_id)  # before it is there: whoever removes what is left looks there
        await _tag(actual, full_id, ask)


async def _tag(name: str, full_id: str, ask: Ask) -> None:
    found = reference(name)
    await ask("POST", f"/images/{full_id}/tag?repo={quote(found.repository, safe='')}&tag={quote(found.tag)}", None)
