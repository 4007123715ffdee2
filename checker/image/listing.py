"""Which images of the catalogue an engine has, and in what shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.image.catalogue import STANDIN, Image, catalogue, on_engine
from checker.image.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.engine import Engine

__all__ = ["Entry", "listing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An image of the catalogue as one engine has it.

    Attributes:
        image: The image.
        present: Whether the engine has it, or has it within reach in the mirror next to it.
        cached: Whether it is in the engine's own cache.
        standin: Whether what is cached is a stand-in of ours.
        id: The image's id, ``sha256:…``; empty if it is not cached.
        size: Its bytes on the engine's disk, shared layers included.
        created: When it was made, in seconds since 1970.
    """

    image: Image
    present: bool
    cached: bool = False
    standin: bool = False
    id: str = ""
    size: int = 0
    created: int = 0

    @property
    def name(self) -> str:
        """The image's name."""
        return self.image.name


def listing(engine: Engine) -> tuple[Entry, ...]:
    """Return every image of the catalogue and how the engine has it, in the catalogue's order.

    Raises:
        KataError: ``image.refused`` or ``engine.not_answering``.
    """
    cached, mirror = on_engine(engine), Mirror.of(engine)
    return tuple(_entry(image, cached.get(image.tagged), mirror) for image in catalogue())


def _entry(image: Image, row: Mapping[str, Any] | None, mirror: Mirror | None) -> Entry:
    if row is None:
        return Entry(image=image, present=mirror is not None and mirror.serves(image))
    return Entry(
        image=image,
        present=True,
        cached=True,
        standin=STANDIN in (row.get("Labels") or {}),
        id=row["Id"],
        size=row["Size"],
        created=row["Created"],
    )
