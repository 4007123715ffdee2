"""A place on the engine for one test: everything on it has one prefix and is gone afterwards."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from checker.workbench.container import Container
from checker.workbench.leftovers import remove_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.engine import Engine


class Corner:
    """What a test makes, all of it named ``kata-97-<nonce>…`` so that it is found again."""

    def __init__(self, client: DockerClient) -> None:
        self.client = client
        self.prefix = f"kata-97-{secrets.token_hex(4)}-"

    def create(self, name: str = "it", *command: str, image: str = "busybox:1", **options: Any) -> Container:  # noqa: ANN401 - docker-py's own
        """Make a container, not started."""
        full = f"{self.prefix}{name}"
        made = self.client.api.create_container(image, list(command or ("sleep", "300")), name=full, **options)
        return Container(self.client, made["Id"], full)

    def run(self, name: str = "it", *command: str, **options: Any) -> Container:  # noqa: ANN401 - docker-py's own
        """Make a container and start it."""
        made = self.create(name, *command, **options)
        made.start()
        return made

    def host(self, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - docker-py's own
        """Return what ``create`` takes as ``host_config``."""
        return dict(self.client.api.create_host_config(**options))

    def names(self) -> set[str]:
        """Return what of the test's stands on the engine, by kind and the end of its name."""
        api = self.client.api
        found = {f"container {row['Names'][0]}" for row in api.containers(all=True)}
        found |= {f"network {row['Name']}" for row in api.networks()}
        found |= {f"volume {row['Name']}" for row in api.volumes()["Volumes"] or ()}
        found |= {f"image {tag}" for row in api.images() for tag in row["RepoTags"] or ()}
        return {" ".join(name.split(self.prefix)).replace("/", "") for name in found if self.prefix in name}


@pytest.fixture
def corner(client: DockerClient, engine: Engine) -> Iterator[Corner]:
    """A corner of the engine, cleared afterwards."""
    corner = Corner(client)
    yield corner
    remove_named(engine, (corner.prefix,))
