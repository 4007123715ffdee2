"""Makes the catalogue's images available on an engine: pulled, or built where they cannot be pulled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checker.engine import Place
from checker.image.catalogue import STANDIN, catalogue, on_engine
from checker.image.mirror import Mirror
from checker.image.pulling import OUT_OF_REACH, fetch
from checker.phrase import KataError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from checker.engine import Engine
    from checker.image.catalogue import Image
    from checker.image.standin import Workshop

__all__ = ["build", "provide", "pull"]


def provide(engine: Engine, tell: Callable[[str], None]) -> None:
    """Make every image of the catalogue available; cheap and silent where all are.

    What is missing is pulled. Where Docker Hub is out of reach and the engine is our embedded one, stand-ins
    are built, pushed to the mirror and pulled from there; those whose recipe has changed since, anew. Interrupted at
    any point, the next call goes on.

    Args:
        engine: The engine to provide for.
        tell: Called with one short line for each thing that is done.

    Raises:
        KataError: Why an image can be neither pulled nor built, and what to do.
    """
    mirror = Mirror.of(engine)
    if mirror and mirror.installed():
        mirror.ensure(tell)
    cached = on_engine(engine)
    missing, outdated = _missing(cached, mirror), _outdated(cached)
    for number, image in enumerate(missing):
        tell(say("image.pulling", name=image.name, number=number + 1, total=len(missing)))
        try:
            fetch(engine, image)
        except KataError as error:
            if error.key not in OUT_OF_REACH or mirror is None or not _can_build():
                raise
            tell(say("image.building_instead", cause=error.cause.here()))
            _build(engine, missing[number:], tell, anew=False)
            break
    if outdated and mirror and _can_build():
        try:
            _build(engine, outdated, tell, anew=True)
        except KataError as error:
            tell(say("image.serves_on", cause=error.cause.here()))


def _missing(cached: Mapping[str, Any], mirror: Mirror | None) -> list[Image]:
    return [
        image
        for image in catalogue()
        if image.tagged not in cached and not (image.cold and mirror and mirror.serves(image))
    ]


def _outdated(cached: Mapping[str, Any]) -> list[Image]:
    """Return the images that are stand-ins by a recipe that has changed since; they serve on until there are others."""
    found = {image: (cached.get(image.tagged) or {}).get("Labels") or {} for image in catalogue()}
    return [image for image, labels in found.items() if STANDIN in labels and labels[STANDIN] != image.recipe]


def pull(engine: Engine, tell: Callable[[str], None]) -> None:
    """Pull every image of the catalogue, newer ones too where there are any.

    Raises:
        KataError: Out of ``pull_error``, or ``image.pull`` with what docker said.
    """
    mirror = Mirror.of(engine)
    if mirror and mirror.installed():
        mirror.ensure(tell)
    for number, image in enumerate(catalogue()):
        tell(say("image.pulling", name=image.name, number=number + 1, total=len(catalogue())))
        fetch(engine, image)


def build(engine: Engine, tell: Callable[[str], None]) -> None:
    """Build every stand-in anew, whatever the engine has under these names, and leave them on the engine.

    Raises:
        KataError: ``image.no_standins``: not here; or what kept a stand-in from being built.
    """
    from checker.engine.ready import alone  # noqa: PLC0415 - the embedded engine's part of the package

    if not _can_build():
        raise KataError("image.no_standins")
    with alone(Place.here(), tell):
        _build(engine, catalogue(), tell, anew=True)


def _can_build() -> bool:
    from checker.engine.embedded import is_possible  # noqa: PLC0415 - as above

    return is_possible()


def _build(engine: Engine, images: Sequence[Image], tell: Callable[[str], None], *, anew: bool) -> None:
    from checker.engine.sweep import sweep  # noqa: PLC0415 - once in a machine's life, as the next
    from checker.image.standin import RUN, Workshop  # noqa: PLC0415

    mirror = Mirror.of(engine)
    sweep(engine, RUN)
    before = set(_cache_records(engine))
    with Workshop(engine, Place.here().data / "standins") as workshop:
        if mirror:
            mirror.install(workshop.debian, tell)
            mirror.ensure(tell)
        for number, image in enumerate(images):
            tell(say("image.building", name=image.name, number=number + 1, total=len(images)))
            if mirror is None:
                workshop.build(image, image.tagged)
            else:
                _publish(engine, image, mirror, workshop, anew=anew)
    _forget(engine, [record for record in _cache_records(engine) if record not in before])


def _publish(engine: Engine, image: Image, mirror: Mirror, workshop: Workshop, *, anew: bool) -> None:
    """Build into the mirror what it lacks, then let the engine pull it as a learner's would be pulled."""
    if anew or not mirror.serves(image):
        workshop.build(image, mirror.reference(image))
        mirror.push(engine, image)
    if anew or not image.cold:
        earlier = on_engine(engine).get(image.tagged)
        fetch(engine, image)
        if earlier and earlier["Id"] != on_engine(engine)[image.tagged]["Id"]:
            # nobody asks for it by name any more; one that a container uses is kept
            engine.request("DELETE", f"/images/{earlier['Id']}")
    _untag(engine, f"{mirror.address}/library/")


def _untag(engine: Engine, prefix: str) -> None:
    """Remove the names under which images were pushed, those of an interrupted run too; not the images."""
    for tag in on_engine(engine):
        if tag.startswith(prefix):
            engine.request("DELETE", f"/images/{quote(tag, safe='')}")


def _cache_records(engine: Engine) -> Iterator[str]:
    """Yield the records in the build cache that are not an image's layer, the newest first, by id."""
    status, body = engine.request("GET", "/system/df?type=build-cache", seconds=120)
    rows = body.get("BuildCache") if status == 200 and isinstance(body, dict) else None
    newest_first = sorted(rows or (), key=lambda row: str(row.get("CreatedAt")), reverse=True)
    yield from (row["ID"] for row in newest_first if not row.get("Shared") and not row.get("InUse"))


def _forget(engine: Engine, records: Iterable[str]) -> None:
    """Let the build cache forget what nobody will build again: a few hundred megabytes of packages.

    One at a time, because what another one is built upon is kept.
    """
    for record in records:
        filters = quote(json.dumps({"id": [f"^{record}$"]}))
        engine.request("POST", f"/build/prune?all=1&filters={filters}", seconds=120)
