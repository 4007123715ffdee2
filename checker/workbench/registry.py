"""A registry of a run's own, on the loopback of the engine's machine: where a learner's script pushes and pulls.

It is asked through the engine or from a container beside it, never from here: the engine may be on another machine.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.workbench.service import Served, Services

__all__ = ["Registry", "serve_registry"]

IMAGE = "registry:2"
PORT = 5000


class Registry:
    """A registry that answers.

    Attributes:
        address: What the name of an image on it begins with, ``127.0.0.1:32768``.

    Args:
        client: The engine that it runs on.
        served: Its container.
    """

    def __init__(self, client: DockerClient, served: Served) -> None:
        self._client = client
        self._served = served
        self.address = f"127.0.0.1:{served.published(PORT)[0].port}"

    def push(self, image: str, name: str) -> str:
        """Push an image of the engine's, which keeps none but its old names.

        Args:
            image: An id or a reference.
            name: What it is called on the registry, without the address: ``kata-12-web:1.2``.

        Returns:
            Its manifest's digest, ``sha256:…``.

        Raises:
            KataError: It did not arrive.
        """
        repository, _, tag = name.partition(":")
        repository = f"{self.address}/{repository}"
        self._client.api.tag(image, repository, tag)
        try:
            said = list(self._client.api.push(repository, tag, stream=True, decode=True))
        finally:
            self._client.api.remove_image(f"{repository}:{tag}")
        digest = self.digest(name)
        if digest is None:
            raise KataError("check.engine_refused", detail=str(said[-1:])[:200])
        return digest

    def digest(self, name: str) -> str | None:
        """Return the digest that a name (``kata-12-web:1.2``) stands for now; None where it stands for nothing."""
        from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

        try:
            found = self._client.api.inspect_distribution(f"{self.address}/{name}")
        except APIError:
            if name in self._names():
                raise
            return None
        return str(found["Descriptor"]["digest"])

    def contents(self) -> dict[str, str]:
        """Return all names on it, and the digest that each stands for."""
        found = {name: self.digest(name) for name in self._names()}
        return {name: digest for name, digest in found.items() if digest is not None}

    def _names(self) -> tuple[str, ...]:
        repositories = self._ask("/v2/_catalog?n=1000").get("repositories") or []
        return tuple(
            f"{repository}:{tag}"
            for repository in repositories
            for tag in self._ask(f"/v2/{repository}/tags/list").get("tags") or []
        )

    def _ask(self, path: str) -> dict[str, list[str]]:
        reply = self._served.get(path, port=PORT)
        found: dict[str, list[str]] = json.loads(reply.text) if reply is not None and reply.status == 200 else {}
        return found


@contextlib.contextmanager
def serve_registry(services: Services) -> Iterator[Registry]:
    """Run a registry and yield it once it answers; at the end it is gone, and what was pulled from it too.

    Raises:
        KataError: It does not come to answer.
    """
    with services.serve(IMAGE, published=PORT) as served:
        if not served.answers("/v2/", port=PORT):
            raise KataError("check.engine_refused", detail=f"{IMAGE}: {served.last_words()[-200:]}")
        registry = Registry(services.client, served)
        try:
            yield registry
        finally:
            _remove_images(services.client, registry.address)


def _remove_images(client: DockerClient, address: str) -> None:
    """Take every name that begins with the registry's address from the engine's images, also one by digest.

    A container that a script made may still hold on to one; it goes before the run's images do.
    """
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    for image in client.api.images(all=True):
        names = [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]
        for name in (name for name in names if name.startswith(f"{address}/")):
            with contextlib.suppress(APIError):
                client.api.remove_image(name, force=True)
