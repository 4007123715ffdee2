"""A registry of a run's own, on the loopback of the engine's machine: where a learner's script pushes and pulls.

It is asked through the engine or from a container beside it, never from here: the engine may be on another machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from typing import TYPE_CHECKING

from checker.phrase import KataError
from checker.workbench.packed import packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.workbench.service import Served, Services

__all__ = ["Registry", "serve_registry"]

IMAGE = "registry:2"
PORT = 5000
_PATIENCE = (5, 20, 60)
"""Seconds for an answer, the first time and again: a busy machine may leave one connection waiting."""


_REQUEST = re.compile(r'(?m)^\S+ - .*?"([A-Z]+ /v2/\S*) HTTP/')
"""A line of its access log, which is as other web servers write it."""


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
        self._nameless: set[str] = set()
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
        self._note(f"{repository}:{tag}")
        self._client.api.tag(image, repository, tag)
        try:
            said = list(self._client.api.push(repository, tag, stream=True, decode=True))
        finally:
            self._client.api.remove_image(f"{repository}:{tag}", force=True)  # a container may be of that name
        digest = self.digest(name)
        if digest is None:
            raise KataError("check.engine_refused", detail=str(said[-1:])[:200])
        return digest

    def pull(self, name: str) -> None:
        """Pull an image as somebody else on the machine might: the name stands for these bytes from now on.

        Args:
            name: What it is called on the registry: ``kata-12-web:1.2``.
        """
        repository, _, tag = f"{self.address}/{name}".rpartition(":")
        self._note(f"{repository}:{tag}")
        self._client.api.pull(repository, tag=tag)

    def put(self, name: str, config: bytes, layer: bytes) -> str:
        """Put an image on the registry that no engine has: its digest depends on these bytes and on nothing else.

        What an engine pushes has a digest that depends on how it compresses. This goes into the registry's storage
        as it lies on disk (``distribution``, registry/storage/paths.go).

        Args:
            name: What it is called, without the address: ``kata-10-house:1.0``.
            config: Its configuration, JSON as the image specification has it.
            layer: Its only layer, an archive that is not compressed.

        Returns:
            Its manifest's digest.
        """
        repository, _, tag = name.partition(":")
        manifest = _manifest(config, layer)
        top = _sha256(manifest)
        files = {f"blobs/sha256/{_sha256(blob)[:2]}/{_sha256(blob)}/data": blob for blob in (config, layer, manifest)}
        links = [f"_layers/sha256/{_sha256(config)}", f"_layers/sha256/{_sha256(layer)}"]
        links += [f"_manifests/revisions/sha256/{top}", f"_manifests/tags/{tag}/index/sha256/{top}"]
        for link in links:
            digest = link.rpartition("/")[2]
            files[f"repositories/{repository}/{link}/link"] = f"sha256:{digest}".encode()
        files[f"repositories/{repository}/_manifests/tags/{tag}/current/link"] = f"sha256:{top}".encode()
        lying = {f"docker/registry/v2/{name}": content for name, content in files.items()}
        self._client.api.put_archive(self._served.id, "/var/lib/registry", packed(lying))
        return f"sha256:{top}"

    def digest(self, name: str) -> str | None:
        """Return the digest that a name (``kata-12-web:1.2``) stands for now; None where it stands for nothing.

        Raises:
            KataError: The engine cannot say.
        """
        from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

        for _ in _PATIENCE:
            try:
                found = self._client.api.inspect_distribution(f"{self.address}/{name}")
            except APIError as error:
                if name not in self._names():
                    return None
                refused = error.explanation
            else:
                return str(found["Descriptor"]["digest"])
        raise KataError("check.engine_refused", detail=str(refused)[:200])

    def layers(self, name: str) -> tuple[str, ...]:
        """Return the layers of an image on it as the engine shows them, which pulls it for that.

        Args:
            name: What it is called on the registry: ``kata-23-app:1.2``.

        Raises:
            LookupError: It is not there.
        """
        repository, digest = f"{self.address}/{name.partition(':')[0]}", self.digest(name)
        if digest is None:
            raise LookupError(name)
        self._client.api.pull(repository, tag=digest)
        return tuple(self._client.api.inspect_image(f"{repository}@{digest}")["RootFS"]["Layers"])

    def contents(self) -> dict[str, str]:
        """Return all names on it, and the digest that each stands for."""
        found = {name: self.digest(name) for name in self._names()}
        return {name: digest for name, digest in found.items() if digest is not None}

    def requests(self) -> tuple[str, ...]:
        """Return what it has been asked for so far, ``GET /v2/kata-11-app/manifests/1.0``; the latest may be late."""
        log = self._client.api.logs(self._served.id).decode(errors="replace")
        return tuple(_REQUEST.findall(log))

    def _note(self, reference: str) -> None:
        """Remember the image that is about to lose a name, perhaps its last: it is removed in the end, too."""
        from docker.errors import ImageNotFound  # noqa: PLC0415 - imported late, as everywhere

        with contextlib.suppress(ImageNotFound):
            self._nameless.add(self._client.api.inspect_image(reference)["Id"])

    def remove_images(self, run: str) -> None:
        """Remove the images that have a name on the registry or lost it to another, and a run's containers of them.

        An image that a container holds on to would only lose its names, and nobody would find it any more.

        Args:
            run: The run's id.
        """
        from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

        api = self._client.api
        users: dict[str, list[str]] = {}  # asked for its containers, the engine forgets those of a nameless image
        for row in api.containers(all=True, filters={"label": f"kata.run={run}"}):
            users.setdefault(row["ImageID"], []).append(row["Id"])
        for image in api.images(all=True):
            names = [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]
            ours = [name for name in names if name.startswith(f"{self.address}/")]
            if image["Id"] in self._nameless and all("<none>" in name for name in names):
                ours.append(image["Id"])
            for user in users.get(image["Id"], ()) if ours else ():
                with contextlib.suppress(APIError):
                    api.remove_container(user, v=True, force=True)
            for name in ours:
                with contextlib.suppress(APIError):
                    api.remove_image(name, force=True)

    def _names(self) -> tuple[str, ...]:
        repositories = self._ask("/v2/_catalog?n=1000").get("repositories") or []
        return tuple(
            f"{repository}:{tag}"
            for repository in repositories
            for tag in self._ask(f"/v2/{repository}/tags/list").get("tags") or []
        )

    def _ask(self, path: str) -> dict[str, list[str]]:
        """Return what it says, nothing where it has no such thing; silence is no answer, and must not look like one."""
        for seconds in _PATIENCE:
            reply = self._served.get(path, port=PORT, seconds=seconds)
            if reply is not None and reply.status in {200, 404}:
                found: dict[str, list[str]] = json.loads(reply.text) if reply.status == 200 else {}
                return found
        raise KataError("check.engine_refused", detail=f"{IMAGE} does not answer")


def _manifest(config: bytes, layer: bytes) -> bytes:
    """Return a manifest as the image manifest, version 2, schema 2, has it."""
    kind = "application/vnd.docker"

    def described(blob: bytes, what: str) -> dict[str, object]:
        return {"mediaType": f"{kind}.{what}", "size": len(blob), "digest": f"sha256:{_sha256(blob)}"}

    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.distribution.manifest.v2+json",
        "config": described(config, "container.image.v1+json"),
        "layers": [described(layer, "image.rootfs.diff.tar")],
    }
    return json.dumps(manifest).encode()


def _sha256(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()


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
            registry.remove_images(services.run)
