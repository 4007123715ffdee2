from __future__ import annotations

import os
import secrets
import time
from typing import TYPE_CHECKING, Protocol

import pytest

from checker.exercise import Exercise
from checker.phrase import KataError
from checker.verdict import Mistake
from checker.work import Work
from checker.workbench.bench import Bench
from checker.workbench.container import wait_for
from checker.workbench.run import Run, sweep_dead

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

    from checker.engine import Engine
    from checker.guard import Entry
    from tests.workbench.conftest import Corner

pytestmark = pytest.mark.docker

NUMBER = f"9{int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]) % 7}"
MANIFEST = """
title = { en = "Bench", ko = "작업대" }
files = ["run.sh"]
images = ["busybox:1"]
seconds = 120

[guard]
allow = [%s]

[[check]]
id = "one"
points = 10
title = { en = "one", ko = "하나" }

[mistake.wrong]
en = "wrong"
ko = "틀렸어요"
"""


class Open(Protocol):
    """Opens a bench at which this script can be run."""

    def __call__(self, text: str, *allow: str) -> Bench:
        """Return it, opened."""


@pytest.fixture
def opened(tmp_path: Path, engine: Engine) -> Iterator[Open]:
    """Benches of an exercise that no other worker has, put away afterwards."""
    benches: list[tuple[Bench, Iterator[Run]]] = []
    folder = tmp_path / f"{NUMBER}_{secrets.token_hex(3)}"
    folder.mkdir()

    def opened(text: str, *allow: str) -> Bench:
        (folder / "exercise.toml").write_text(MANIFEST % ", ".join(f'"{word}"' for word in allow), encoding="utf-8")
        lines = text.replace("kata-NN-", f"kata-{NUMBER}-")
        (folder / "run.sh").write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        exercise = Exercise.read(folder)
        run = Run.begin(tmp_path / "runs")
        begun = run.__enter__()
        bench = Bench(engine, exercise, Work.copy(exercise, folder, begun.folder / exercise.name), begun)
        benches.append((bench.__enter__(), run))  # type: ignore[arg-type]  # a context manager, typed as what it wraps
        return bench

    yield opened
    for bench, run in reversed(benches):
        bench.__exit__(None, None, None)
        run.__exit__(None, None, None)  # type: ignore[attr-defined]


def test_to_a_script_only_what_is_its_own_exists(opened: Open, corner: Corner, client: DockerClient) -> None:
    """It sees what it made and the bystanders; somebody else's container it can neither list, inspect nor remove."""
    mine = corner.run()
    bench = opened(
        "docker run -d --name kata-NN-own busybox:1 sleep 60 >/dev/null\n"
        "docker ps -a --format '{{.Names}}'\n"
        f"docker inspect {mine.name}; docker rm -f {mine.id}; docker volume ls -q"
    )
    said = bench.run("run.sh").said
    names = {line for line in said.splitlines() if line.startswith("kata-") and not line.startswith("kata-mark")}
    assert f"kata-{NUMBER}-own" in names
    assert all(name.startswith((f"kata-{NUMBER}-own", "kata-bystander-")) for name in names)
    assert f"No such object: {mine.name}" in said
    assert client.api.inspect_container(mine.id)["State"]["Running"]


@pytest.mark.parametrize(
    ("reach", "key"),
    [
        ("docker rm -f $(docker ps -aq)", "bystander.running"),
        ("docker system prune -f", "bystander.stopped"),
        ("docker rmi -f $(docker images -q --filter reference='kata-bystander-*')", "bystander.image"),
        ("docker volume rm $(docker volume ls -q)", "bystander.volume"),
        ("docker network rm $(docker network ls -q --filter type=custom)", "bystander.network"),
    ],
)
def test_who_reaches_for_everything_meets_a_bystander(opened: Open, corner: Corner, reach: str, key: str) -> None:
    """A script that removes all there is removes a bystander, which is noticed; nobody else's thing is harmed."""
    mine = corner.run()
    before = corner.names()
    bench = opened(reach)
    bench.run("run.sh")
    with pytest.raises(Mistake) as caught:
        bench.bystanders.examine()
    assert caught.value.key == key
    assert mine.is_running
    assert corner.names() == before


def test_what_it_made_is_told_from_what_others_make(opened: Open, corner: Corner) -> None:
    """Its containers, nameless ones too, are those that it made through its guard, whoever else is at work."""
    bench = opened("docker run --rm busybox:1 true; docker run -d busybox:1 sleep 60")
    before = bench.events.position()
    others = corner.run()
    bench.run("run.sh")
    made = bench.created(before)
    assert len(made) == 2
    assert others.id not in {container.id for container in made}
    assert bench.transcript.order("container.create", "container.start", "container.create", "container.start")


def test_a_refusal_is_what_the_learner_reads(opened: Open) -> None:
    """What the guard refused explains why something is not there, in both languages, and nothing was made."""
    bench = opened("docker run -d --name kata-NN-it --privileged busybox:1 sleep 60")
    finished = bench.run("run.sh")
    why = bench.why(finished, otherwise=Mistake("container.missing", name="kata-NN-it", script="run.sh"))
    assert isinstance(why, Mistake)
    assert why.key == "guard.privileged"
    sentence = bench.exercise.sentence(why)
    assert "--privileged would give the container the whole machine" in sentence.en
    assert "Run it without the option." in sentence.en
    assert "--privileged는 컨테이너에 이 컴퓨터 전체를 내주는 옵션이에요" in sentence.ko
    assert "--privileged" in finished.said
    assert bench.find(f"kata-{NUMBER}-it") is None


def test_a_script_of_the_checks_runs_as_a_learners_does(opened: Open) -> None:
    """What the checks have put into the copy of the work runs there, behind the guard, with what it is given."""
    bench = opened("true")
    script = bench.work.folder / "ours.sh"
    script.write_text("#!/bin/sh\nls; echo $GREETING; docker run --privileged busybox:1 true\n", encoding="utf-8")
    finished = bench.run(script, {"GREETING": "hello there"})
    assert "run.sh" in finished.said
    assert "hello there" in finished.said
    assert [entry.denied for entry in bench.transcript.denials] == ["guard.privileged"]


def test_an_exercise_grants_what_it_teaches(opened: Open) -> None:
    """Docker commit is refused, unless the exercise's manifest allows it."""
    make = "docker create --name kata-NN-it busybox:1 >/dev/null; docker commit kata-NN-it kata-NN-image"
    assert "docker commit makes an image" in opened(make).run("run.sh").said
    assert "sha256:" in opened(make, "commit").run("run.sh").said


def test_where_the_exercise_has_no_time_left_nobody_is_blamed(opened: Open) -> None:
    """A script that is cut off because everything before it was slow is nobody's mistake."""
    bench = opened("sleep 30")
    bench._deadline = time.monotonic() + 1
    with pytest.raises(KataError, match="The 120 s that everything in this exercise may take together were over"):
        bench.run("run.sh")


def test_who_has_used_up_the_time_is_blamed(opened: Open) -> None:
    """What had its own time and did not end is a mistake, and so is what has no time left after it."""
    bench = opened("sleep 30")
    with pytest.raises(Mistake) as first:
        bench.run("run.sh", seconds=0.5)
    bench._deadline = time.monotonic()
    with pytest.raises(Mistake) as second:
        bench.run("run.sh")
    assert first.value.key == second.value.key == "script.still_running"


def test_a_program_of_ours_stands_in_front(opened: Open) -> None:
    """A script finds it before the machine's own, and what it writes beside itself is there afterwards."""
    bench = opened("wget http://nobody.example; docker version --format '{{.Client.Os}}'")
    front = bench.put_in_front("wget", '#!/bin/sh\necho "$@" >"${0%/*}/called"\n')
    assert bench.run("run.sh", front.environment).said.strip() == "linux"
    assert (front.folder / "called").read_text(encoding="utf-8") == "http://nobody.example\n"


def test_what_images_have_in_common(opened: Open) -> None:
    """An image grew from another one if that one's layers are its lowest; nothing grew from what is not there."""
    bench = opened("true")
    bench.work.put("Dockerfile", f"FROM busybox:1\nRUN echo {bench.nonce()} >/one\n")
    built = bench.build().reference
    assert bench.layers(built)[:-1] == bench.layers("busybox:1")
    assert bench.layers("") == bench.layers(f"kata-{NUMBER}-nobody") == ()
    assert bench.grew_from(built, "busybox:1")
    assert bench.grew_from("busybox:1", "busybox:1")
    assert not bench.grew_from("busybox:1", built)
    assert not bench.grew_from(built, f"kata-{NUMBER}-nobody")


def test_a_container_of_ours_is_alone(opened: Open, client: DockerClient) -> None:
    """It has no network, scripts do not see it, and it goes with its ``with``, or else with the run."""
    bench = opened("docker ps -aq --no-trunc")
    with bench.temporary({"Image": "busybox:1", "Cmd": ["true"]}) as container:
        assert container.inspect()["HostConfig"]["NetworkMode"] == "none"
        assert b"root" in (container.read("/etc/passwd") or b"")
        assert container.id not in bench.run("run.sh").said
    assert not container.exists
    kept = bench.create({"Image": "busybox:1", "Cmd": ["true"]})
    assert kept.name
    bench.__exit__(None, None, None)
    assert kept.id not in {one.id for one in client.containers.list(all=True, ignore_removed=True)}


def test_a_container_beside_another_hears_what_it_hears(opened: Open) -> None:
    """It shares the other one's network, and goes with the run; beside one that has ended or is gone there is none."""
    bench = opened(f"docker run -d --name kata-{NUMBER}-web busybox:1 httpd -f -p 8000")
    web = bench.container(f"kata-{NUMBER}-web", after=bench.run("run.sh"))
    beside = bench.beside(web)
    assert beside is not None
    assert wait_for(lambda: 8000 in {port for _, port in beside.listening()}, 10)
    bench.client.api.kill(web.id)
    assert wait_for(lambda: not web.is_running, 10)
    assert bench.beside(web) is None
    bench.client.api.remove_container(web.id)
    assert bench.beside(web) is None


@pytest.mark.alone
def test_nothing_of_it_stays(opened: Open, client: DockerClient) -> None:
    """Named and nameless containers, volumes and networks, tags and images that it made are gone with the bench."""
    before = _everything(client)
    with_all = opened(
        "docker run -d -v /data busybox:1 sleep 60; docker volume create own; docker network create own\n"
        "docker run -d --name other -v more:/m --network own busybox:1 sleep 60; docker tag busybox:1 mine:1\n"
        "printf 'FROM busybox:1\\nRUN echo 1 >/one\\n' | docker build -t built:1 - ; docker rename other another"
    )
    with_all.run("run.sh", seconds=60)
    assert len(_everything(client) - before) > 7
    with_all.__exit__(None, None, None)
    assert _everything(client) - before == set()


def test_an_image_goes_although_a_container_of_another_name_runs_it(opened: Open, client: DockerClient) -> None:
    """What was built for scripts is gone with the bench, not only its name, whatever they call their containers."""
    bench = opened("docker run -d $IMAGE sleep 60")
    bench.work.put("Dockerfile", f"FROM busybox:1\nRUN echo {bench.nonce()} >/one\n")
    built = bench.build(labelled=False)
    assert bench.run("run.sh", {"IMAGE": built.reference}).code == 0
    bench.__exit__(None, None, None)
    assert built.image_id not in {image.id for image in client.images.list(all=True)}


@pytest.mark.alone
def test_what_a_killed_run_made_goes_with_the_next(
    opened: Open, client: DockerClient, tmp_path: Path, engine: Engine
) -> None:
    """Where nobody puts things away, the next run finds written down what Docker has no label for."""
    before = _everything(client)
    bench = opened("docker run -d -v /data busybox:1 sleep 60; docker tag busybox:1 mine:1; docker volume create own")
    bench.run("run.sh")
    dead = tmp_path / "dead" / bench.run_id
    dead.mkdir(parents=True)
    for name in ("made", "lock"):
        (dead / name).write_bytes((tmp_path / "runs" / bench.run_id / name).read_bytes())
    sweep_dead(engine, tmp_path / "dead")
    assert _everything(client) - before == set()


def test_what_it_left_running_reaches_the_engine_no_more(opened: Open, client: DockerClient) -> None:
    """A process that outlives its script finds a closed door, and does not live long."""
    bench = opened("(trap '' HUP TERM; while :; do docker volume create kata-NN-late; done) & sleep 0.1")
    bench.run("run.sh")
    bench.clear()
    assert not wait_for(
        lambda: any(v["Name"] == f"kata-{NUMBER}-late" for v in client.api.volumes()["Volumes"] or ()), 1
    )


def test_a_guard_that_dies_takes_its_script_along(opened: Open) -> None:
    """It is nobody's mistake but ours: broken, with what happened, and the script is ended."""

    def stumble(entry: Entry) -> None:
        raise RuntimeError(f"at {entry.path}")

    bench = opened("docker ps; sleep 60")
    bench.transcript._tell = stumble
    with pytest.raises(KataError) as caught, bench.start("run.sh") as script:
        script.wait(30)
    assert caught.value.key == "guard.died"
    assert "The guard between the script and the engine stumbled" in caught.value.cause.en
    assert "guard가 멈춰서 스크립트를 판정할 수 없었어요" in caught.value.cause.ko
    assert script.seconds < 20


def _everything(client: DockerClient) -> set[str]:
    api = client.api
    found = {row["Id"] for row in api.containers(all=True)} | {row["Id"] for row in api.networks()}
    found |= {row["Name"] for row in api.volumes()["Volumes"] or ()} | {row["Id"] for row in api.images()}
    return found | {tag for row in api.images() for tag in row["RepoTags"] or ()}
