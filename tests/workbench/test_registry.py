from __future__ import annotations

import hashlib
import io
import json
import secrets
import tarfile
from typing import TYPE_CHECKING

import pytest

from checker.phrase import KataError
from checker.workbench.container import wait_for
from checker.workbench.registry import serve_registry
from checker.workbench.service import Services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.engine import Engine

pytestmark = pytest.mark.docker


@pytest.fixture
def services(engine: Engine, client: DockerClient) -> Iterator[Services]:
    """Services of a run of its own, of which nothing may be left."""
    services = Services(
        engine=engine, client=client, run=f"exp-{secrets.token_hex(4)}", prefix=f"kata-test-{secrets.token_hex(2)}-"
    )
    yield services
    assert client.api.containers(all=True, filters={"label": f"kata.run={services.run}"}) == []


@pytest.fixture
def image(client: DockerClient) -> Iterator[str]:
    """An image of one layer that nobody else has."""
    name = f"kata-test-{secrets.token_hex(4)}"
    client.api.import_image_from_data(_tar(name), repository=name, tag="1")
    yield f"{name}:1"
    client.api.remove_image(f"{name}:1", force=True)


def _tar(content: str) -> bytes:

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content.encode()))
    return packed.getvalue()


def test_what_is_pushed_can_be_pulled(services: Services, client: DockerClient, image: str) -> None:
    """A pushed image is on the registry under its name and digest, comes back from it, and leaves no name behind."""
    with serve_registry(services) as registry:
        assert registry.contents() == {}
        digest = registry.push(image, "kata-test-shop:1.2")
        assert registry.contents() == {"kata-test-shop:1.2": digest}
        assert digest.startswith("sha256:")
        name = f"{registry.address}/kata-test-shop"
        assert name not in str(client.api.inspect_image(image)["RepoTags"])
        client.api.pull(name, tag="1.2")
        held = client.api.create_container(f"{name}:1.2", ["x"], labels={"kata.run": services.run})["Id"]
        assert f"{name}@{digest}" in client.api.inspect_image(f"{name}:1.2")["RepoDigests"]
    assert registry.address not in str(client.api.images(all=True))
    assert held not in str(client.api.containers(all=True))


def test_a_name_that_stands_for_nothing(services: Services) -> None:
    """A name that nobody pushed has no digest and no layers."""
    with serve_registry(services) as registry:
        assert registry.digest("kata-test-shop:9") is None
        with pytest.raises(LookupError, match="kata-test-shop:9"):
            registry.layers("kata-test-shop:9")


def test_silence_is_not_taken_for_emptiness(
    services: Services, client: DockerClient, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry that does not answer is asked again and then is our trouble: it never looks like an empty one."""
    monkeypatch.setattr("checker.workbench.registry._PATIENCE", (1, 1))
    with serve_registry(services) as registry:
        registry.push(image, "kata-test-shop:1")
        (row,) = client.api.containers(filters={"label": f"kata.run={services.run}", "ancestor": "registry:2"})
        client.api.pause(row["Id"])
        with pytest.raises(KataError, match="registry:2 does not answer"):
            registry.contents()


def test_a_moved_tag(services: Services, client: DockerClient) -> None:
    """The same name pushed again stands for other bytes; what lost it is gone in the end, and a container of it."""
    one, other = (f"kata-test-{secrets.token_hex(4)}" for _ in range(2))
    for name in (one, other):
        client.api.import_image_from_data(_tar(name), repository=name, tag="1")
    try:
        with serve_registry(services) as registry:
            before = registry.push(f"{one}:1", "kata-test-shop:1")
            client.api.remove_image(f"{one}:1")
            registry.pull("kata-test-shop:1")
            first = client.api.inspect_image(f"{registry.address}/kata-test-shop:1")["Id"]
            client.api.create_container(first, ["x"], labels={"kata.run": services.run})
            assert registry.push(f"{other}:1", "kata-test-shop:1") != before
            registry.pull("kata-test-shop:1")
            assert client.api.inspect_image(f"{registry.address}/kata-test-shop:1")["Id"] != first
        assert first not in {row["Id"] for row in client.api.images(all=True)}
    finally:
        client.api.remove_image(f"{other}:1", force=True)


def test_what_is_put_there_depends_on_its_bytes_alone(services: Services, client: DockerClient) -> None:
    """An image put into the registry's storage can be pulled like any other, always by the same digest."""
    layer = _tar("a word")
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    config = {"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    with serve_registry(services) as registry:
        digest = registry.put("kata-test-house:1.0", json.dumps(config).encode(), layer)
        assert digest == "sha256:d779d8fd90b71988cb288266f0ae2b0e0dcd722a9e3a5d7dad24e836fc6cf9ad"
        assert registry.contents() == {"kata-test-house:1.0": digest}
        assert registry.layers("kata-test-house:1.0") == tuple(diff_ids)
        assert client.api.inspect_image(f"{registry.address}/kata-test-house@{digest}")["RootFS"]["Layers"] == diff_ids
        other = registry.put("kata-test-house:1.0", json.dumps({**config, "author": "else"}).encode(), layer)
        assert registry.digest("kata-test-house:1.0") == other != digest


def test_a_registry_tells_what_it_was_asked_for(services: Services, client: DockerClient, image: str) -> None:
    """Whoever asks for an image is in its log, by the path that was asked for."""
    with serve_registry(services) as registry:
        registry.push(image, "kata-test-shop:1.2")
        client.api.remove_image(image)
        client.api.pull(f"{registry.address}/kata-test-shop", tag="1.2")
        client.api.tag(f"{registry.address}/kata-test-shop:1.2", image)
        wanted = "GET /v2/kata-test-shop/manifests/"
        assert wait_for(lambda: any(asked.startswith(wanted) for asked in registry.requests()), 5)
