"""Every option of the installed client, and what the guard says to it; one that is not here yet is undecided."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from checker.engine import find_engine
from checker.guard import Grants, Ledger
from checker.guard.serve import Guard
from tests.conftest import at_the_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT = "the client's own"
BUILDKIT = "BuildKit's, which is not judged"
LOST = "device|"
"""Denied; client 26.1 loses what these options say, and sends nothing."""
DEAR = "allowed, and not tried here"

# Option: what follows it (%W is the work's folder, %N a network and %C a container of the run's own, %V a new volume),
# and the answer: empty where it is allowed, else the phrase or one of the words above
CREATE: dict[str, tuple[str, str]] = {
    "--add-host": ("db:10.0.0.1", ""),
    "--annotation": ("a=b", "annotation"),
    "--attach": ("stdout", ""),
    "--blkio-weight": ("100", ""),
    "--blkio-weight-device": ("/dev/null:100", "device"),
    "--cap-add": ("SYS_ADMIN", "capability"),
    "--cap-drop": ("ALL", ""),
    "--cgroup-parent": ("/x", "cgroup"),
    "--cgroupns": ("host", "host_namespace"),
    "--cidfile": ("%W/cid", ""),
    "--cpu-period": ("50000", ""),
    "--cpu-quota": ("25000", ""),
    "--cpu-rt-period": ("1000000", "realtime"),
    "--cpu-rt-runtime": ("1000", "realtime"),
    "--cpu-shares": ("512", ""),
    "--cpus": ("0.5", ""),
    "--cpuset-cpus": ("0", ""),
    "--cpuset-mems": ("0", ""),
    "--device": ("/dev/null", "device"),
    "--device-cgroup-rule": ("'c 1:3 r'", "device"),
    "--device-read-bps": ("/dev/null:1mb", LOST),
    "--device-read-iops": ("/dev/null:10", LOST),
    "--device-write-bps": ("/dev/null:1mb", LOST),
    "--device-write-iops": ("/dev/null:10", LOST),
    "--disable-content-trust": ("", CLIENT),
    "--dns": ("10.0.0.53", ""),
    "--dns-option": ("ndots:1", ""),
    "--dns-search": ("example.org", ""),
    "--domainname": ("example.org", ""),
    "--entrypoint": ("sh", ""),
    "--env": ("A=b", ""),
    "--env-file": ("%W/env", ""),
    "--expose": ("80", ""),
    "--gpus": ("all", "device"),
    "--group-add": ("audio", "group_add"),
    "--health-cmd": ("true", ""),
    "--health-interval": ("1s", ""),
    "--health-retries": ("2", ""),
    "--health-start-interval": ("1s", ""),
    "--health-start-period": ("1s", ""),
    "--health-timeout": ("1s", ""),
    "--help": ("", CLIENT),
    "--hostname": ("web", ""),
    "--init": ("", ""),
    "--interactive": ("", ""),
    "--ip": ("10.213.77.9 --network %N", ""),
    "--ip6": ("fd00::9 --network %N", ""),
    "--ipc": ("host", "host_namespace"),
    "--isolation": ("hyperv", "windows"),
    "--kernel-memory": ("64m", ""),
    "--label": ("a=b", ""),
    "--label-file": ("%W/env", ""),
    "--link": ("%C:db", ""),
    "--link-local-ip": ("169.254.8.8 --network %N", ""),
    "--log-driver": ("syslog", "log_driver"),
    "--log-opt": ("max-size=1m", ""),
    "--mac-address": ("02:42:ac:11:00:09", ""),
    "--memory": ("64m", ""),
    "--memory-reservation": ("32m", ""),
    "--memory-swap": ("64m --memory 64m", ""),
    "--memory-swappiness": ("0", ""),
    "--mount": ("type=bind,src=/etc,dst=/x", "folder"),
    "--name": ("kata-bystander-x", "reserved_name"),
    "--network": ("host", "host_network"),
    "--network-alias": ("web --network %N", ""),
    "--no-healthcheck": ("", ""),
    "--oom-kill-disable": ("", "oom"),
    "--oom-score-adj": ("-500", "oom"),
    "--pid": ("host", "host_pid"),
    "--pids-limit": ("100", ""),
    "--platform": ("linux/amd64", ""),
    "--privileged": ("", "privileged"),
    "--publish": ("127.0.0.1::80", ""),
    "--publish-all": ("", ""),
    "--pull": ("never", CLIENT),
    "--quiet": ("", CLIENT),
    "--read-only": ("", ""),
    "--restart": ("on-failure:3", ""),
    "--rm": ("", ""),
    "--runtime": ("runc", "runtime"),
    "--security-opt": ("seccomp=unconfined", "security_opt"),
    "--shm-size": ("16m", ""),
    "--stop-signal": ("SIGINT", ""),
    "--stop-timeout": ("0", ""),
    "--storage-opt": ("size=1G", "storage"),
    "--sysctl": ("kernel.shmmax=1", "sysctl"),
    "--tmpfs": ("/x:size=1m,mode=1777", ""),
    "--tty": ("", ""),
    "--ulimit": ("nofile=64:64", ""),
    "--use-api-socket": ("", "socket"),
    "--user": ("1000:1000", ""),
    "--userns": ("host", "host_namespace"),
    "--uts": ("host", "host_namespace"),
    "--volume": ("/:/x", "folder"),
    "--volume-driver": ("nfs -v %V:/x", "volume_driver"),
    "--volumes-from": ("%C:ro", ""),
    "--workdir": ("/tmp", ""),  # noqa: S108 - inside of a container
}
# What an option that is denied above may also say
ALSO: list[tuple[str, str]] = [
    ("--cap-add CHOWN", ""),
    ("--cap-drop NET_RAW", ""),
    ("--cgroupns private", ""),
    ("--ipc private", ""),
    ("--ipc shareable", ""),
    ("--ipc container:%C", ""),
    ("--pid container:%C", ""),
    ("--isolation default", ""),
    ("--log-driver none", ""),
    ("--log-driver local --log-opt max-size=1m --log-opt max-file=2", ""),
    ("--mount type=bind,src=%W,dst=/x,readonly", ""),
    ("--mount type=volume,src=%V,dst=/x", ""),
    ("--mount type=tmpfs,dst=/x,tmpfs-size=1m", ""),
    ("--network none", ""),
    ("--network bridge", ""),
    ("--network %N", ""),
    ("--network container:%C", ""),
    ("--network container:nobody", "no_container"),
    ("--oom-score-adj 500", ""),
    ("--security-opt no-new-privileges", ""),
    ("--security-opt no-new-privileges:true", ""),
    ("--security-opt systempaths=unconfined", "security_opt"),
    ("--sysctl net.ipv4.ip_unprivileged_port_start=0", ""),
    ("-v %V:/x", ""),
    ("-v %W/env:/x:ro", ""),
    ("-v /anonymous", ""),
    ("-v /var/run/docker.sock:/s", "socket"),
    ("--volume-driver local -v %V:/x", ""),
]
RUN_ONLY: dict[str, tuple[str, str]] = {
    "--detach": ("", ""),
    "--detach-keys": ("ctrl-x", ""),
    "--sig-proxy": ("", ""),
}
EXEC: dict[str, tuple[str, str]] = {
    "--detach": ("", ""),
    "--detach-keys": ("ctrl-x", ""),
    "--env": ("A=b", ""),
    "--env-file": ("%W/env", ""),
    "--interactive": ("", ""),
    "--privileged": ("", "exec_privileged"),
    "--tty": ("", DEAR),  # it wants a terminal
    "--user": ("nobody", ""),
    "--workdir": ("/", ""),
    "--help": ("", CLIENT),
}
NETWORK: dict[str, tuple[str, str]] = {
    "--attachable": ("", ""),
    "--aux-address": ("a=10.213.78.5 --subnet 10.213.78.0/24", ""),
    "--config-from": ("x", "swarm"),
    "--config-only": ("", "swarm"),
    "--driver": ("macvlan", "network_driver"),
    "--gateway": ("10.213.79.1 --subnet 10.213.79.0/24", ""),
    "--ingress": ("", "swarm"),
    "--internal": ("", ""),
    "--ip-range": ("10.213.80.0/25 --subnet 10.213.80.0/24", ""),
    "--ipam-driver": ("x", "network_driver"),
    "--ipam-opt": ("a=b", "network_option"),
    "--ipv4": ("", ""),
    "--ipv6": ("--subnet fd00:213:81::/64", ""),
    "--label": ("a=b", ""),
    "--opt": ("com.docker.network.bridge.name=docker0", "network_option"),
    "--scope": ("swarm", "network_driver"),
    "--subnet": ("10.213.82.0/24", ""),
    "--help": ("", CLIENT),
}
VOLUME: dict[str, tuple[str, str]] = {
    "--availability": ("", "swarm"),
    "--driver": ("nfs", "volume_driver"),
    "--label": ("a=b", ""),
    "--opt": ("type=tmpfs", "volume_option"),
    "--help": ("", CLIENT),
}
CLASSIC: dict[str, tuple[str, str]] = {
    "--add-host": ("db:10.0.0.1", ""),
    "--build-arg": ("A=b", ""),
    "--cache-from": ("busybox:1", ""),
    "--cgroup-parent": ("/x", "cgroup"),
    "--compress": ("", ""),
    "--cpu-period": ("50000", ""),
    "--cpu-quota": ("25000", ""),
    "--cpu-shares": ("512", ""),
    "--cpuset-cpus": ("0", ""),
    "--cpuset-mems": ("0", ""),
    "--disable-content-trust": ("", CLIENT),
    "--file": ("%W/Dockerfile", ""),
    "--force-rm": ("", ""),
    "--help": ("", CLIENT),
    "--iidfile": ("%W/iid", ""),
    "--isolation": ("default", ""),
    "--label": ("a=b", ""),
    "--memory": ("64m", ""),
    "--memory-swap": ("64m --memory 64m", ""),
    "--network": ("host", "host_network"),
    "--no-cache": ("", ""),
    "--platform": ("linux/amd64", ""),
    "--pull": ("", DEAR),  # it asks a registry
    "--quiet": ("", ""),
    "--rm": ("", ""),
    "--security-opt": ("seccomp=unconfined", "security_opt"),
    "--shm-size": ("16m", ""),
    "--squash": ("", "build_option"),
    "--tag": ("redis:7", "tag_over"),
    "--target": ("last", ""),
    "--ulimit": ("nofile=64:64", ""),
}
_BUILDX = """
    --add-host --allow --annotation --attest --build-arg --build-context --builder --cache-from --cache-to
    --cgroup-parent --file --iidfile --label --load --metadata-file --network --no-cache --no-cache-filter --output
    --platform --progress --provenance --pull --push --quiet --sbom --secret --shm-size --ssh --tag --target --ulimit
"""
BUILDX: dict[str, tuple[str, str]] = dict.fromkeys(_BUILDX.split(), ("", BUILDKIT))
NEW = frozenset({"--use-api-socket", "--ipv4"})
"""Options that older clients do not have."""
HIDDEN = frozenset({"--availability", "--squash", "--help", "--debug"})
"""Options that a client shows only at times."""


class Client:
    """The CLI behind a guard.

    Args:
        guard: The guard.
        work: The run's folder.
        environment: Where the real engine is, and its tools.
    """

    def __init__(self, guard: Guard, work: Path, environment: dict[str, str]) -> None:
        self.guard = guard
        self.work = work
        self.environment = environment
        self.count = 0

    def __call__(self, command: str, **more: str) -> str:
        """Run ``docker`` with these words and return the phrase with which it was denied, empty where it was not."""
        if self._is_too_old(command.split()):
            pytest.skip("this client has no such option yet")
        self.count += 1
        names = {
            "%W": str(self.work),
            "%N": "guard-test-options",
            "%C": "guard-test-other",
            "%V": f"guard-test-vol{self.count}",
        }
        words = [re.sub(r"%[WNCV]", lambda found: names[found[0]], word) for word in shlex.split(command)]
        before = self.guard.transcript.count
        done = subprocess.run(
            ["docker", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={**self.environment, "DOCKER_HOST": self.guard.host, **more},
        )
        entries = self.guard.transcript.entries[before:]
        denied = [entry.denied.removeprefix("guard.") for entry in entries if entry.denied]
        assert denied or done.returncode in {0, 1}, done.stderr
        assert not (denied and done.returncode == 0), denied
        return denied[-1] if denied else self._unexpected(done)

    def _is_too_old(self, words: list[str]) -> bool:
        new = next((word for word in words if word in NEW), "")
        return bool(new) and new not in options(self, " ".join(words[: words.index(new)]))

    def _unexpected(self, done: subprocess.CompletedProcess[str]) -> str:
        """Return nothing where the engine took it, or had its own reason not to."""
        return "" if done.returncode == 0 else f"engine: {done.stderr}"


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client behind a guard on the real engine, with a network and a container that are its own."""
    engine = find_engine()
    work = tmp_path_factory.mktemp("options")
    (work / "env").write_text("A=b\n", encoding="utf-8")
    (work / "Dockerfile").write_text("FROM busybox:1 AS last\nCMD true\n", encoding="utf-8")
    hub = "docker.io/library/"
    grants = Grants(work=work, images=frozenset({f"{hub}busybox:1", f"{hub}redis:7"}), prefixes=("guard-test-",))
    socket = tmp_path_factory.mktemp("s") / "docker.sock"
    with Guard(engine, grants, "guard-test-options", socket) as guard:
        client = Client(guard, work, {**os.environ, **engine.environment()})
        with at_the_engine():
            client("network create --subnet 10.213.77.0/24 --ipv6 --subnet fd00::/64 guard-test-options")
            client("run -d --name guard-test-other --ipc shareable busybox:1 sleep 600")
        yield client
        with at_the_engine():
            _sweep(guard.ledger, client)


def _sweep(ledger: Ledger, client: Client) -> None:
    for full_id in ledger.ids("container"):
        client(f"rm -f -v {full_id}")
    for full_id in ledger.ids("network"):
        client(f"network rm {full_id}")
    for name in ledger.ids("volume"):
        client(f"volume rm {name}")
    for full_id in ledger.ids("image"):
        client(f"rmi -f {full_id}")


def options(client: Client, command: str, **more: str) -> frozenset[str]:
    """Return the options that a command of the client's has."""
    done = subprocess.run(
        ["docker", *command.split(), "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env={**client.environment, **more},
    )
    if "buildx component is missing" in done.stderr:
        pytest.skip("this client has no buildx")
    found = frozenset(re.findall(r"^\s+(?:-\w, )?(--[a-z0-9-]+)", done.stdout, re.MULTILINE))
    assert found
    return found


@pytest.mark.docker
@pytest.mark.parametrize(
    ("command", "known", "environment"),
    [
        ("create", CREATE, {}),
        ("run", CREATE | RUN_ONLY, {}),
        ("exec", EXEC, {}),
        ("network create", NETWORK, {}),
        ("volume create", VOLUME, {}),
        ("build", BUILDX, {}),
        ("build", CLASSIC, {"DOCKER_BUILDKIT": "0"}),
    ],
)
def test_every_option_is_decided(
    docker: Client, command: str, known: dict[str, tuple[str, str]], environment: dict[str, str]
) -> None:
    """The tables have all options of the installed client, so that a new one shows up as undecided."""
    assert options(docker, command, **environment) - frozenset(known) - HIDDEN == frozenset()


def judged(table: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the options of a table that the guard gets to see."""
    return [
        (f"{option} {value}", answer)
        for option, (value, answer) in table.items()
        if answer not in {CLIENT, BUILDKIT, DEAR} and option not in HIDDEN
    ]


@pytest.mark.docker
@pytest.mark.parametrize(("option", "answer"), [*judged(CREATE), *ALSO])
def test_creating_a_container(docker: Client, option: str, answer: str) -> None:
    """Each option of ``docker create`` gets the answer of the table, from the real client."""
    assert docker(f"create {option} busybox:1 true") in answer.split("|")


@pytest.mark.docker
@pytest.mark.parametrize(("option", "answer"), judged(RUN_ONLY))
def test_running_a_container(docker: Client, option: str, answer: str) -> None:
    """So does each option that only ``docker run`` has."""
    assert docker(f"run {option} busybox:1 true") == answer


@pytest.mark.docker
@pytest.mark.parametrize(("option", "answer"), judged(EXEC))
def test_executing_in_a_container(docker: Client, option: str, answer: str) -> None:
    """So does each option of ``docker exec``."""
    assert docker(f"exec {option} %C true") == answer


@pytest.mark.docker
@pytest.mark.parametrize(("option", "answer"), [*judged(NETWORK), ("--driver bridge", "")])
def test_creating_a_network(docker: Client, option: str, answer: str) -> None:
    """So does each option of ``docker network create``."""
    assert docker(f"network create {option} %V") == answer


@pytest.mark.docker
@pytest.mark.parametrize(("option", "answer"), [*judged(VOLUME), ("--driver local", "")])
def test_creating_a_volume(docker: Client, option: str, answer: str) -> None:
    """So does each option of ``docker volume create``."""
    assert docker(f"volume create {option} %V") == answer


@pytest.mark.docker
@pytest.mark.parametrize(
    ("option", "answer"), [*judged(CLASSIC), ("--network none", ""), ("--tag guard-test-built", "")]
)
def test_building_with_the_classic_builder(docker: Client, option: str, answer: str) -> None:
    """So does each option of the classic ``docker build``."""
    assert docker(f"build {option} %W", DOCKER_BUILDKIT="0") == answer
