"""Real clients at a real engine, each once through a guard and once without one: nothing may tell them apart."""

from __future__ import annotations

import gc
import io
import os
import re
import select
import subprocess
import tarfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from ptyprocess import PtyProcessUnicode

from checker.engine import find_engine
from checker.guard import Grants
from checker.guard.reference import reference
from checker.guard.remove import remove
from checker.guard.serve import Guard
from checker.image.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.docker

SECONDS = 30
# no two tests at the same time use the same names, and none that a learner would use
NAME = f"guard-test-{os.getpid()}"
CHANGES = (
    (re.compile(r"sha256:[0-9a-f]{64}|\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"cannot \w+ container: [\w/:-]+: "), ""),  # what some of the engine's errors begin with
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ][0-9:.]+(?:Z| \+0000 UTC)?"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)?m?s\b"), "<took>"),
    (
        re.compile(r" in \d+ seconds?|\d+ (?:seconds?|minutes?|hours?) ago|(?:Less than|About) an? \w+(?: ago)?"),
        "<ago>",
    ),
)


@dataclass(frozen=True, slots=True)
class Ways:
    """The two ways to the engine, as environments, and the guard on one of them."""

    direct: Mapping[str, str]
    guarded: Mapping[str, str]
    guard: Guard
    folder: Path

    def shell(self, script: str, environment: Mapping[str, str]) -> tuple[int, str]:
        """Return the exit code of a script and what it said, but for what is another each time."""
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder,
            env={**environment, "N": NAME},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        said = done.stdout
        for pattern, shown in CHANGES:
            said = pattern.sub(shown, said)
        return done.returncode, said


@pytest.fixture
def ways(short: Path, tmp_path: Path) -> Iterator[Ways]:
    """Both ways, from a folder that may be mounted; what is made on the guarded one is removed in the end."""
    engine = find_engine()
    images = frozenset(str(reference(image.tagged)) for image in catalogue())
    grants = Grants(work=tmp_path, images=images, allow=frozenset({"commit", "load", "registry"}))
    own = {"COMPOSE_PROJECT_NAME": NAME, "BUILDKIT_PROGRESS": "plain", "TMPDIR": str(short)}
    base = {**os.environ, **engine.environment(), **own}
    with Guard(engine, grants, f"g{os.getpid()}", short / "g.sock") as guard:
        yield Ways(base, {**base, "DOCKER_HOST": guard.host}, guard, tmp_path)
        assert guard.failure is None
    assert remove(engine, guard.ledger) == []


SCRIPTS = {
    "run": """
        docker run --rm --name $N busybox:1 echo hello
        docker run --rm --name $N busybox:1 sh -c 'echo out; echo err >&2; exit 7' 2> said; echo $?; cat said
        docker run --rm --name $N busybox:1 no-such-program; echo $?""",
    "run -i": """
        printf 'one\\ntwo\\n' | docker run -i --rm --name $N busybox:1 cat
        head -c 3000000 /dev/zero | docker run -i --rm --name $N busybox:1 wc -c
        docker run -i --rm --name $N busybox:1 head -c 3000000 /dev/zero </dev/null | wc -c
        yes | docker run -i --rm --name $N busybox:1 head -n 2""",
    "run -d, logs, wait": """
        docker run -d --name $N busybox:1 sh -c 'for i in 1 2 3 4 5; do echo $i; echo e$i >&2; sleep 0.1; done;
        exit 4'
        docker logs -f $N 2>/dev/null; docker wait $N; docker logs --tail 2 $N 2>/dev/null
        docker ps -a --filter name=$N --format '{{.Image}} {{.Names}} {{.Status}}'; docker rm $N""",
    "create, start -ai": """
        docker create -i --name $N busybox:1 sh -c 'read line; echo got $line'
        echo words | docker start -ai $N; docker inspect -f '{{.State.ExitCode}} {{.Config.Image}}' $N;
        docker rm $N""",
    "attach": """
        docker run -di --name $N busybox:1 sh -c 'read line; echo got $line'
        (echo words; sleep 2) | docker attach $N; docker wait $N; docker rm $N""",
    "exec": """
        docker run -d --name $N busybox:1 top
        docker exec $N echo hello; docker exec -e A=b -w /tmp $N sh -c 'echo $A; pwd; exit 5'; echo $?
        printf 'x\\ny\\n' | docker exec -i $N cat; docker exec -d $N touch /made; docker exec $N ls -d /made
        docker exec $N no-such-program; echo $?; docker rm -f $N""",
    "cp": """
        docker run -d --name $N busybox:1 top
        mkdir -p in; echo a > in/a; head -c 5000000 /dev/zero > in/zeros
        docker cp -q in $N:/; docker exec $N sh -c 'cat /in/a; wc -c < /in/zeros'
        docker cp -q $N:/in out; cmp in/zeros out/zeros; docker cp $N:/in/a - | tar t
        tar c in/a | docker cp - $N:/tmp; docker exec $N cat /tmp/in/a; docker cp in/a $N:/no/such/dir/x; echo $?
        docker rm -f $N; rm -r in out""",
    "stop, kill, restart": """
        docker run -d --name $N busybox:1 sleep 100
        docker stop -t 1 $N; docker inspect -f '{{.State.ExitCode}}' $N; docker start $N; docker restart -t 0 $N
        docker pause $N; docker unpause $N; docker kill -s KILL $N; docker wait $N; docker start $N
        docker rename $N $N-new; docker update --memory 50m --memory-swap 50m $N-new; docker rm $N-new; echo $?
        docker rm -f $N-new""",
    "looking": """
        docker run -d --name $N --label a=b -p 127.0.0.1::80 busybox:1 sh -c 'touch /made; exec sleep 100'
        docker exec $N ls /made; docker diff $N; docker top $N -eo args;
        docker stats --no-stream --format '{{.Name}}' $N
        docker port $N | sed 's/:[0-9]*$//'; docker ps --filter name=$N --format '{{.Names}} {{.Command}}'
        docker inspect -f '{{.HostConfig.NetworkMode}} {{.Config.Cmd}}' $N; docker export $N | tar t made
        docker rm -f $N""",
    "events": """
        docker run --rm --name $N busybox:1 true
        docker events --since 0 --until 0s --filter container=$N --filter event=die --format '{{.Action}}' | tail -1
        docker events --filter container=$N --format '{{.Action}}' > events & E=$!
        seen() { grep -o -e create -e start -e die -e destroy events | sort -u; }
        until docker run --rm --name $N busybox:1 true && test "$(seen | wc -l)" = 4; do :; done; kill $E; seen""",
    "what is not there": """
        for c in 'start' 'logs' 'stop' 'rm' 'rm -f' 'inspect' 'exec' 'kill' 'wait' 'top' 'port' 'diff' \\
            'attach' 'restart'; do
            docker $c no-such-thing $(test "$c" = exec && echo ls); echo $?
        done
        docker rmi no-such-thing; echo $?; docker volume rm no-such-thing; echo $?; docker network rm no-such-thing;
        echo $?
        docker volume inspect no-such-thing; echo $?; docker network inspect no-such-thing; echo $?
        docker volume rm -f no-such-thing; echo $?; docker network rm -f no-such-thing; echo $?
        docker rmi -f no-such-thing; echo $?; docker rm -fv no-such-thing; echo $?
        docker run --pid container:no-such-thing busybox:1 true; echo $?
        docker run --volumes-from no-such-thing busybox:1 true; echo $?""",
    "names with slashes": """
        docker tag busybox:1 localhost:1/$N/web:1; docker inspect -f '{{.Os}}' localhost:1/$N/web:1
        for c in stop logs rm 'rm -f' inspect exec kill wait top port diff start restart 'volume rm' 'network rm' \\
            'volume inspect' 'network inspect' 'container inspect'; do
            docker $c $N/web:1 $(test "$c" = exec && echo ls); echo $?
        done
        docker cp $N/web:/x .; echo $?; docker inspect no/such/thing; echo $?; docker rmi localhost:1/$N/web:1""",
    "images": """
        docker pull -q hello-world; docker pull hello-world; docker image inspect -f '{{.Os}}' busybox:1
        docker history -q busybox:1 | wc -l; docker tag busybox:1 $N; docker images -q $N | wc -l; docker rmi $N
        docker save busybox:1 | tar t | grep -c manifest.json; docker images --format '{{.Tag}}' busybox""",
    "build": """
        printf 'FROM busybox:1\\nARG A\\nCOPY f /f\\nRUN cat /f && echo $A > /a\\nCMD cat /a /f\\n' > Dockerfile;
        echo file > f
        first=$(docker build -q -t $N --build-arg A=arg .); echo $first; docker run --rm $N
        docker build -t $N --build-arg A=other . > said 2>&1; echo $?; grep -q DONE said; echo $?; docker run --rm $N
        docker inspect -f '{{.Config.Cmd}}' $N; docker rmi -f $N $first > /dev/null
        printf 'FROM busybox:1\\nRUN exit 3\\n' | docker build -q - 2> said; echo $?;
        grep -o 'exit code: 3' said | tail -1""",
    "build, the old way": """
        export DOCKER_BUILDKIT=0
        printf 'FROM busybox:1\\nARG A\\nCOPY f /f\\nRUN cat /f && echo $A > /a\\nCMD cat /a /f\\n' > Dockerfile;
        echo file > f
        head -c 3000000 /dev/zero > zeros
        docker build -t $N --build-arg A=arg --no-cache . 2>/dev/null | grep -o -e 'COPY f' -e ^file -e 'tagged.*';
        docker run --rm $N
        docker rmi $N > /dev/null
        printf 'FROM busybox:1\\nRUN exit 3\\n' | docker build --no-cache --force-rm - 2>&1 |
        grep 'returned a non-zero code';
        rm zeros""",
    "networks and volumes": """
        docker network create $N > /dev/null; docker volume create $N
        docker run -d --name $N --network $N --network-alias web -v $N:/data -v $PWD:/here busybox:1 top
        docker run --rm --network $N busybox:1 ping -c 1 -q web | grep transmitted
        docker run --rm --volumes-from $N busybox:1 sh -c 'echo x > /data/x; echo y > /here/y'
        cat y; docker exec $N cat /data/x; docker network inspect -f '{{.Driver}} {{len .Containers}}' $N
        docker network disconnect $N $N; docker network connect $N $N
        docker rm -f -v $N; docker network rm $N; docker volume rm $N""",
    "commit, load, export": """
        docker run --name $N busybox:1 touch /made; docker commit -m why $N $N | cut -c -7;
        docker run --rm $N ls -d /made
        docker save $N > image.tar; docker rmi $N > /dev/null; docker load -q < image.tar;
        docker run --rm $N ls -d /made
        docker rm $N; docker rmi $N > /dev/null; rm image.tar""",
    "a registry": """
        docker run -d --name $N -p 127.0.0.1::5000 registry:2 > /dev/null
        R=$(docker port $N 5000); docker tag busybox:1 $R/$N
        until docker push -q $R/$N > /dev/null 2>&1; do sleep 0.2; done; docker rmi $R/$N > /dev/null
        docker pull -q $R/$N | sed 's/:[0-9]*//'; docker run --rm $R/$N echo pulled
        docker rmi $R/$N > /dev/null; docker rm -f -v $N""",
    "compose": """
        cat > compose.yaml <<-'END'
        services:
          web:
            image: busybox:1
            command: sh -c 'echo started; exec sleep 600'
            init: true
            healthcheck: {test: ["CMD", "true"], interval: 1s}
            depends_on: [store]
            volumes: ["data:/data", "./:/here:ro"]
          store:
            build: {context: ., dockerfile_inline: "FROM busybox:1\\nCMD sleep 600\\n"}
        volumes: {data: {}}
        END
        docker compose up -d --wait --quiet-pull > said 2>&1; echo $?
        docker compose ps --format '{{.Service}} {{.State}}' | sort
        docker compose exec -T web sh -c 'echo in; ping -c 1 -q store | grep transmitted; ls /here/compose.yaml'
        docker compose logs --no-log-prefix web; docker compose up -d --scale web=2 > said 2>&1; echo $?
        docker compose ps -q web | wc -l; docker compose stop -t 1 > said 2>&1;
        docker compose ps -a --format '{{.State}}'
        docker compose down -v -t 1 --rmi local > said 2>&1; echo $?; docker compose ps -aq | wc -l""",
    "prune": """
        docker run --name $N busybox:1 true; docker container prune -f --filter label=no-such-label > said; echo $?
        docker rm $N; docker system df > said; echo $?; docker version -f '{{.Client.APIVersion}}'""",
}


ALONE = {
    "build",  # what BuildKit makes is found by comparing, and others build too
    "compose",
    "images",  # others may be evicting what it pulls
}


@pytest.mark.parametrize(
    "script",
    [pytest.param(text, id=name, marks=[pytest.mark.alone] if name in ALONE else []) for name, text in SCRIPTS.items()],
)
def test_the_cli_cannot_tell_the_difference(script: str, ways: Ways) -> None:
    """The same output and the same exit codes through a guard as without one, and no bug of ours on the way."""
    script = re.sub(r"(?m)^ {8}", "", script)
    direct = ways.shell(script, ways.direct)
    guarded = ways.shell(script, ways.guarded)
    assert guarded[1].splitlines() == direct[1].splitlines()
    assert guarded[0] == direct[0] == 0
    assert ways.guard.transcript.count > 0


def test_a_volume_of_somebody_elses_is_in_nobodys_way(ways: Ways) -> None:
    """A script whose volumes are there already, as its first run at a terminal leaves them, gets volumes of its own."""
    script = """
        docker volume create $N; docker volume create --label a=b $N
        docker run --rm -v $N:/data busybox:1 sh -c 'cat /data/*; echo from $0 > /data/by' $WHO
        docker run -d --name $N -v $N:/data --mount type=volume,src=$N,dst=/more busybox:1 top
        docker exec $N ls /data /more
        docker inspect -f '{{range .Mounts}}{{.Name}} {{.Source}} {{end}}' $N
        docker inspect -f '{{.HostConfig.Binds}} {{json .HostConfig.Mounts}}' $N
        docker ps --filter volume=$N --format '{{.Names}} {{.Mounts}}'; docker volume ls -q --filter name=$N
        docker volume inspect -f '{{.Name}} {{.Mountpoint}}' $N; docker volume rm $N; echo $?
        docker system df -v --format '{{range .Volumes}}{{.Name}} {{end}}' | grep -o $N
        docker rm -f $N; docker run --rm -v $N:/data busybox:1 ls /data"""
    try:
        by_hand = ways.shell(script, {**ways.direct, "WHO": "hand"})
        guarded = ways.shell(script, {**ways.guarded, "WHO": "script"})
        assert guarded[1].splitlines() == by_hand[1].splitlines()
        assert ways.shell("docker run --rm -v $N:/data busybox:1 cat /data/by", ways.direct)[1] == "from hand\n"
        gone = ways.shell("docker volume rm $N; docker volume rm -f $N; docker volume inspect $N", ways.guarded)[1]
        assert gone.splitlines()[:2] == [NAME, NAME]
        assert f"get {NAME}: no such volume" in gone
    finally:
        ways.shell("docker rm -f $N; docker volume rm -f $N", ways.direct)


@pytest.mark.alone
@pytest.mark.parametrize("how", ["docker build -t $N .", "docker compose build"])
def test_an_image_of_somebody_elses_is_in_nobodys_way(how: str, ways: Ways) -> None:
    """A script builds under a name that an image has already: it finds its own by it, and the other one keeps it."""
    (ways.folder / "compose.yaml").write_text("services: {it: {image: $N, build: .}}\n", encoding="utf-8")
    script = f"""
        printf "FROM busybox:1\\nCMD echo from $WHO\\n" > Dockerfile; {how} > said 2>&1 || cat said
        docker run --rm $N; docker run --name $N $N; docker ps -aq --filter name=$N | wc -l; docker rm $N
        docker tag $N $N-too; docker run --rm $N-too; docker rmi $N-too > said
        docker images --format '{{{{.Repository}}}} {{{{.Tag}}}}' | grep $N; docker inspect -f '{{{{.RepoTags}}}}' $N"""
    try:
        by_hand = ways.shell(script, {**ways.direct, "WHO": "hand"})
        guarded = ways.shell(script, {**ways.guarded, "WHO": "script"})
        assert guarded[1].replace("from script", "from hand").splitlines() == by_hand[1].splitlines()
        assert "from script" in guarded[1]
        again = ways.shell(script, {**ways.guarded, "WHO": "hand"})  # the same image as theirs now
        assert again[1].splitlines() == by_hand[1].splitlines()
        assert ways.shell("docker run --rm $N", ways.direct)[1] == "from hand\n"
    finally:
        ways.shell("docker rm -f $N; docker rmi -f $N $N-too", ways.direct)


@pytest.mark.parametrize("way", ["direct", "guarded"])
def test_a_terminal_is_one(way: str, ways: Ways) -> None:
    """``run -it`` and ``exec -it`` have a terminal, its size follows, keys arrive, and the exit code comes back."""
    environment = ways.guarded if way == "guarded" else ways.direct
    process = PtyProcessUnicode.spawn(
        ["docker", "run", "-it", "--rm", "--name", NAME, "busybox:1", "sh"], env=dict(environment), dimensions=(30, 90)
    )
    try:
        said = answer(process, "stty size; echo fir''st", "first")
        assert "30 90" in said
        inner = PtyProcessUnicode.spawn(
            ["docker", "exec", "-it", NAME, "sh"], env=dict(environment), dimensions=(20, 70)
        )
        assert "20 70" in answer(inner, "stty size; echo in''ner", "inner")
        assert "33 77" in resized(inner, 33, 77)
        inner.write("exit 4\n")
        assert ending(inner) == 4
        process.write("exit 3\n")
        assert ending(process) == 3
    finally:
        process.close(force=True)
        ways.shell("docker rm -f $N", ways.direct)


def answer(process: PtyProcessUnicode, line: str, last: str) -> str:
    """Type a line, and return what comes until a word."""
    process.write(f"{line}\n")
    said, deadline = "", time.monotonic() + SECONDS
    while last not in said:
        left = deadline - time.monotonic()
        assert select.select([process.fd], [], [], max(0, left))[0], f"{last} never came: {said}"
        said += process.read()
    return said


def resized(process: PtyProcessUnicode, rows: int, columns: int) -> str:
    """Make a shell's window another size until it says so: the CLI misses a change while it is still starting."""
    said, deadline = "", time.monotonic() + SECONDS
    while f"{rows} {columns}" not in said and time.monotonic() < deadline:
        process.setwinsize(rows, columns - 1)
        process.setwinsize(rows, columns)
        said += answer(process, "stty size; echo as''ked", "asked")
    return said


def ending(process: PtyProcessUnicode) -> int | None:
    """Return the exit code of a program at a terminal, once it has said everything."""
    try:
        while process.read():
            pass
    except EOFError:
        pass
    code: int | None = process.wait()
    return code


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it forgets to close some of its own
@pytest.mark.parametrize("way", ["direct", "guarded"])
def test_docker_py_cannot_tell_the_difference(way: str, ways: Ways) -> None:
    """Everything that the library does works through a guard as it does without one."""
    import docker

    host = (ways.guarded if way == "guarded" else ways.direct)["DOCKER_HOST"]
    client = docker.DockerClient(base_url=host, timeout=SECONDS)
    try:
        assert client.ping()
        assert client.containers.run("busybox:1", "echo hi", remove=True) == b"hi\n"
        with pytest.raises(docker.errors.ContainerError):
            client.containers.run("busybox:1", ["sh", "-c", "exit 3"], remove=True)
        container = client.containers.run("busybox:1", "top", detach=True, name=NAME, ports={"80/tcp": None})
        try:
            _use(container)
        finally:
            container.remove(force=True)
        with pytest.raises(docker.errors.NotFound):
            client.containers.get(NAME)
        image, _ = client.images.build(
            fileobj=io.BytesIO(b"FROM busybox:1\nRUN echo built > /b\n"), tag=NAME, forcerm=True
        )
        assert client.containers.run(NAME, "cat /b", remove=True) == b"built\n"
        client.images.remove(str(image.id), force=True)
        assert client.images.get("busybox:1").tags
        network = client.networks.create(NAME, labels={"a": "b"})
        assert [found.name for found in client.networks.list(names=[NAME])] == [NAME]
        network.remove()
        volume = client.volumes.create(NAME)
        volume.remove()
    finally:
        client.close()
        gc.collect()  # what it forgets is told of here, where that is ignored, and in no test after this one


def _use(container: object) -> None:
    it = container
    assert it.exec_run(["echo", "x"]).output == b"x\n"  # type: ignore[attr-defined]  # docker-py knows only half
    assert it.exec_run(["sh", "-c", "exit 4"]).exit_code == 4  # type: ignore[attr-defined]
    assert b"".join(it.exec_run(["seq", "3"], stream=True).output) == b"1\n2\n3\n"  # type: ignore[attr-defined]
    assert it.exec_run(["sh", "-c", "echo o; echo e >&2"], demux=True).output == (b"o\n", b"e\n")  # type: ignore[attr-defined]
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo("f")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    assert it.put_archive("/", tar.getvalue())  # type: ignore[attr-defined]
    pieces, stat = it.get_archive("/f")  # type: ignore[attr-defined]
    assert stat["size"] == 3
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        found = archive.extractfile("f")
        assert found is not None
        assert found.read() == b"abc"
    assert it.stats(stream=False)["id"] == it.id  # type: ignore[attr-defined]
    it.reload()  # type: ignore[attr-defined]
    assert it.status == "running"  # type: ignore[attr-defined]
    sock = it.exec_run("cat", stdin=True, socket=True).output  # type: ignore[attr-defined]
    sock._sock.sendall(b"hello\n")
    assert sock.read(14).endswith(b"hello\n")
    sock._sock.close()
    it.stop(timeout=0)  # type: ignore[attr-defined]
    assert it.wait()["StatusCode"] in {137, 143}  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as above
def test_testcontainers_works(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container of testcontainers starts behind a guard, is reached at its port, and goes."""
    import socket as sockets

    for name in ("DOCKER_HOST", "TESTCONTAINERS_RYUK_DISABLED", "TESTCONTAINERS_HOST_OVERRIDE"):
        monkeypatch.setenv(name, ways.guarded[name])
    from testcontainers.core.container import DockerContainer

    with DockerContainer("redis:7").with_exposed_ports(6379) as container:
        address = (container.get_container_host_ip(), int(container.get_exposed_port(6379)))
        code, _ = container.exec(["sh", "-c", "until redis-cli ping; do :; done"])
        assert code == 0
        with sockets.create_connection(address, timeout=10) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100) == b"+PONG\r\n"
    assert ways.guard.ledger.ids("container") == ()
