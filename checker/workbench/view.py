"""What stands on an engine, asked anew each time."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from checker.workbench.container import Container

if TYPE_CHECKING:
    from docker import DockerClient

    from checker.engine import Engine

__all__ = ["View"]


class View:
    """Shows containers and images.

    Attributes:
        engine: The engine that is looked at.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @functools.cached_property
    def client(self) -> DockerClient:
        """The engine, through the docker library."""
        return self.engine.client()

    def close(self) -> None:
        """Close the library's connections; where nobody has asked for it, it is not even imported."""
        if "client" in vars(self):
            self.client.close()

    def find(self, name: str) -> Container | None:
        """Return the container of this name, None where there is none."""
        from docker.errors import NotFound  # noqa: PLC0415 - imported late, as everywhere

        try:
            found = self.client.api.inspect_container(name)
        except NotFound:
            return None
        return Container(self.client, found["Id"], name)

    def image(self, reference: str) -> dict[str, Any] | None:
        """Return what ``docker image inspect`` shows of an image; None where there is none of that name."""
        found: dict[str, Any] | None = self.engine.inspect("images", reference)
        return found

    def layers(self, reference: str) -> tuple[str, ...]:
        """Return the layers of an image, the lowest first, by digest; empty where there is no image of that name.

        They tell what two images have in common; that their ids differ tells only that they were not built at once.
        """
        found = self.image(reference) if reference else None
        return tuple(found["RootFS"].get("Layers") or ()) if found else ()

    def grew_from(self, reference: str, base: str) -> bool:
        """Return whether an image is another one, or was made on top of it: its lowest layers are those of the other.

        False where one of them is not there, or the other has no layers.
        """
        theirs, lowest = self.layers(reference), self.layers(base)
        return bool(lowest) and theirs[: len(lowest)] == lowest

    def fetch(self, reference: str) -> None:
        """Pull an image of the catalogue, as ``docker pull`` does.

        Raises:
            KataError: It cannot be had, which is nobody's mistake.
        """
        from checker.image import catalogue, fetch  # noqa: PLC0415 - only some exercises pull

        fetch(self.engine, next(image for image in catalogue() if image.name == reference))
