"""The file system inside a lab: Debian's packages, made into an image as the stand-ins are."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING

from checker.image.catalogue import Image, on_engine
from checker.image.standin import Workshop
from checker.phrase import KataError, Text, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable

    from checker.engine import Engine, Place

__all__ = ["forget", "system"]

_PACKAGES = (
    "bash",
    "btrfs-progs",
    "ca-certificates",
    "coreutils",
    "curl",
    "findutils",
    "git",
    "gzip",
    "jq",
    "less",
    "procps",
    "python3",
    "python3-ptyprocess",
    "tar",
    "util-linux",
    "wget",
)
_NAME = "kata-lab"
_UPON = "debian:bookworm-slim"


def system(engine: Engine, place: Place, tell: Callable[[str], None]) -> str:
    """Return the name of the image of which labs are made; it is built where the engine does not have it.

    Its name carries a digest of what it is made of, so that a newer recipe is another image.

    Raises:
        KataError: ``lab.no_base``: the engine has no Debian to build it upon; or what ``Workshop.build`` raises.
    """
    images = on_engine(engine)
    if _UPON not in images:
        raise KataError("lab.no_base", image=_UPON)
    recipe = [_PACKAGES, images[_UPON]["Id"], *(file.read_text("utf-8") for file in _files())]
    reference = f"{_NAME}:{hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]}"
    if reference not in images:
        tell(say("lab.building"))
        image = Image(name=_NAME, what=Text(en="", ko=""), folder="lab", packages=_PACKAGES, upon=_UPON)
        with Workshop(engine, place.data / "labs" / "workshop") as workshop:
            workshop.build(image, reference)
        forget(engine, but=reference)
    return reference


def forget(engine: Engine, *, but: str = "") -> list[str]:
    """Remove the images that labs are made of, and say which; one that a lab uses stays.

    Args:
        engine: The outer engine.
        but: The name of one that is kept.
    """
    gone = []
    for tag in on_engine(engine):
        if tag.startswith(f"{_NAME}:") and tag != but:
            status, _ = engine.request("DELETE", f"/images/{tag}")
            gone += [f"image {tag}"] if status == 200 else []
    return gone


def _files() -> tuple[Traversable, ...]:
    folder = files("checker.image").joinpath("standins", "lab")
    return tuple(sorted(folder.iterdir(), key=lambda file: file.name))
