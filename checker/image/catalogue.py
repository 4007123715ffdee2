"""The catalogue: the images that the exercises use."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.phrase import KataError, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.engine import Engine

__all__ = ["STANDIN", "STANDINS", "Image", "catalogue", "on_engine", "tag_of"]

STANDIN = "kata.standin"
"""The label that every stand-in carries, and no image from a public registry; its value is the recipe."""

STANDINS = Path(__file__).parent / "standins"
"""The folder with what stand-ins are made by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that the exercises use.

    Attributes:
        name: Its reference as an ``exercise.toml`` and a Dockerfile write it: ``redis:7``, ``hello-world``.
        what: What it is.
        folder: Where in ``standins/`` its Dockerfile lies.
        packages: Debian's packages that its stand-in is made of.
        suite: Debian's suite that they come from.
        upon: The name of the image that its stand-in is built upon; empty where it starts from nothing.
        version_of: The package whose version is its version; empty where it has none.
        cold: Whether an exercise takes it out of the engine's cache; then it is enough if it can be pulled.
    """

    name: str
    what: Text
    folder: str
    packages: tuple[str, ...]
    suite: str = "bookworm"
    upon: str = ""
    version_of: str = ""
    cold: bool = False

    @property
    def tagged(self) -> str:
        """Its name with a tag, which the engine adds where nobody wrote one: ``hello-world:latest``."""
        return tag_of(self.name)

    @property
    def recipe(self) -> str:
        """What its stand-in is made by, as twelve letters and digits: others where that has changed."""
        upon = next((image.recipe for image in catalogue() if image.name == self.upon), "")
        said = [self.suite, *self.packages, upon]
        for path in sorted([*(STANDINS / self.folder).iterdir(), STANDINS / "install"]):
            said += [path.name, path.read_text(encoding="utf-8")]
        return hashlib.sha256("\0".join(said).encode()).hexdigest()[:12]

    @property
    def repository(self) -> str:
        """Its name without a tag: ``redis``."""
        return self.tagged.partition(":")[0]

    @property
    def tag(self) -> str:
        """Its tag: ``7``."""
        return self.tagged.partition(":")[2]


@functools.cache
def catalogue() -> tuple[Image, ...]:
    """Return the course's images, what others are built upon first."""
    source = files("checker.image").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tuple(_image(row) for row in tomllib.loads(source)["image"])


def _image(row: Mapping[str, Any]) -> Image:
    return Image(**{**row, "what": Text(**row["what"]), "packages": tuple(row["packages"])})


def tag_of(reference: str) -> str:
    """Return a reference of Docker Hub as engines list it: with its tag, without the registry's own name."""
    short = reference.removeprefix("docker.io/").removeprefix("library/")
    return short if ":" in short else f"{short}:latest"


def on_engine(engine: Engine) -> dict[str, Mapping[str, Any]]:
    """Return what is in the engine's cache, by tagged name; one request.

    Raises:
        KataError: ``image.refused``: the engine does not list its images; ``engine.not_answering``.
    """
    status, rows = engine.request("GET", "/images/json")
    if status != 200 or not isinstance(rows, list):
        raise KataError("image.refused", detail=rows)
    return {tag_of(tag): row for row in rows for tag in row.get("RepoTags") or ()}
