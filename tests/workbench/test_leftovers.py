from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from checker.workbench.leftovers import Stray, remove_labelled, remove_named, remove_strays

if TYPE_CHECKING:
    from docker import DockerClient

    from checker.engine import Engine
    from tests.workbench.conftest import Corner

ID = "0123456789abcdef" * 4


def test_a_stray_is_written_and_read_back() -> None:
    """What was written down before a run was killed is read by the next one."""
    for stray in (Stray("container", ID), Stray("volume", "kata-04-data"), Stray("tag", "docker.io/library/a:1")):
        assert Stray.read(f"{stray}\n") == stray
    assert Stray.read(f"image sha256:{ID}\n") == Stray("image", f"sha256:{ID}")


@pytest.mark.parametrize(
    "line",
    ["", "container\n", "container \n", "container 0\n", f"container {ID[:-1]}\n", "\0\0\n", "x y z\n", "volume my-da"],
)
def test_a_line_that_was_cut_short_names_nothing(line: str) -> None:
    """The beginning of an id, or of a volume's name, may fit something of somebody else's, and is not taken for one."""
    assert Stray.read(line) is None


@pytest.mark.docker
def test_half_an_id_removes_nobody(corner: Corner, engine: Engine) -> None:
    """A container that the beginning of an id would fit is still there after a damaged note was swept."""
    container = corner.create()
    lines = (f"container {container.id[:12]}\n", f"volume {corner.prefix}")
    remove_strays(engine, filter(None, map(Stray.read, lines)))
    assert container.exists


@pytest.mark.docker
def test_named_things_go_and_others_stay(corner: Corner, client: DockerClient, engine: Engine) -> None:
    """Containers, running too, networks, volumes and tags of a prefix go; whatever is called otherwise stays."""
    other = f"my-{corner.prefix}"
    api = client.api
    for prefix in (corner.prefix, other):
        api.start(api.create_container("busybox:1", ["sleep", "300"], name=f"{prefix}c")["Id"])
        api.create_volume(f"{prefix}v")
        api.create_network(f"{prefix}n")
        api.tag("busybox:1", f"{prefix}i", "1")
        api.tag("busybox:1", f"localhost:1/{prefix}i", "1")
    try:
        remove_named(engine, (corner.prefix,))
        assert corner.names() == {"container my- c", "network my- n", "volume my- v"} | {
            f"image {registry}my- i:1" for registry in ("", "localhost:1")
        }
        assert api.inspect_image("busybox:1")
    finally:
        remove_named(engine, (other,))
    assert corner.names() == set()


@pytest.mark.docker
def test_a_volume_in_use_and_a_paused_container_go_too(corner: Corner, client: DockerClient, engine: Engine) -> None:
    """Neither a paused container, nor one that restarts for ever, nor a mounted volume outlives its exercise."""
    volume = f"{corner.prefix}v"
    mounted = corner.host(binds=[f"{volume}:/data"], restart_policy={"Name": "always"})
    container = corner.run("a", "true", host_config=mounted, volumes=["/data"])
    client.api.pause(corner.run("b").id)
    assert container.exists
    remove_named(engine, (corner.prefix,))
    assert corner.names() == set()


@pytest.mark.docker
def test_labelled_things_go(corner: Corner, client: DockerClient, engine: Engine) -> None:
    """What carries a run's label goes, another run's stays."""
    runs = [secrets.token_hex(6) for _ in range(2)]
    made = [corner.create(run, labels={"kata.run": run}) for run in runs]
    for run in runs:
        client.api.create_volume(f"{corner.prefix}{run}", labels={"kata.run": run})
    remove_labelled(engine, runs[0])
    assert [container.exists for container in made] == [False, True]
    assert f"volume  {runs[1]}" in corner.names()
    assert f"volume  {runs[0]}" not in corner.names()


@pytest.mark.docker
def test_strays_go_with_their_volumes(corner: Corner, client: DockerClient, engine: Engine) -> None:
    """A nameless container goes with its nameless volume; a volume that somebody else mounts stays."""
    nameless = client.api.create_volume()["Name"]
    user = corner.create("user", host_config=corner.host(binds=[f"{nameless}:/x"]), volumes=["/x"])
    gone = corner.create("gone", image="redis:7")
    mounts = gone.inspect()["Mounts"]
    remove_strays(engine, [Stray("volume", nameless), Stray("container", gone.id), Stray("container", ID)])
    assert not gone.exists
    left = {row["Name"] for row in client.api.volumes()["Volumes"] or ()}
    assert not {mount["Name"] for mount in mounts if mount["Type"] == "volume"} & left
    assert nameless in left
    client.api.remove_container(user.id, force=True)
    remove_strays(engine, [Stray("volume", nameless)])
    assert nameless not in {row["Name"] for row in client.api.volumes()["Volumes"] or ()}
