"""What a script finds in a lab, and what it does not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import find_engine
from checker.guard.message import Grants
from checker.guard.serve import Guard
from checker.image.mirror import Mirror
from checker.lab import LEARNER, Inside
from checker.phrase import KataError
from checker.workbench.in_lab import InLab
from tests.lab.conftest import run_in, start_in, until

if TYPE_CHECKING:
    from checker.lab import Lab

docker = pytest.mark.docker


@docker
def test_the_engine_inside_has_the_catalogue(lab: Lab) -> None:
    """A lab that is open answers, and has the images of the course, but not the one that is to be pulled."""
    status, rows = lab.engine.request("GET", "/images/json")
    tags = {tag for row in rows for tag in row["RepoTags"]}
    assert status == 200
    assert {"redis:7", "busybox:1", "debian:bookworm-slim"} <= tags
    assert "hello-world:latest" not in tags


@docker
def test_the_engine_inside_can_be_heard(lab: Lab) -> None:
    """What the engine of a lab has logged is read through the outer one, since a time or from the beginning."""
    description = Path(lab.environment["KATA_LAB"]).read_text("utf-8")
    here = InLab(Inside(**json.loads(description)))
    assert "API listen on /run/engine/docker.sock" in here.engine_log(lab.engine, 0)
    assert "API listen on" not in here.engine_log(lab.engine, time.time() + 60)


@docker
def test_a_script_is_an_ordinary_user(lab: Lab) -> None:
    """A script is uid and gid 1000, has no other groups and no capabilities, and cannot get any."""
    said = run_in(lab, "id -u; id -g; id -G; grep -E 'Cap|NoNewPrivs' /proc/self/status").said.split()
    assert said[:3] == [str(LEARNER)] * 3
    facts = dict(zip(said[3::2], said[4::2], strict=True))
    assert facts.pop("NoNewPrivs:") == "1"
    assert facts == dict.fromkeys(("CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"), "0" * 16)


@docker
def test_there_are_no_programs_that_change_the_user(lab: Lab) -> None:
    """No file in a lab is setuid or setgid."""
    finished = run_in(
        lab, "find / -xdev -type f -perm /6000 2>/dev/null; find /opt -type f -perm /6000 2>/dev/null; echo none"
    )
    assert finished.said.split() == ["none"]


@docker
def test_the_real_socket_cannot_be_reached(lab: Lab) -> None:
    """A script cannot enter the folder of the engine's socket, nor those of its store."""
    for text in (
        "ls /run/engine",
        "docker -H unix:///run/engine/docker.sock ps",
        "ls /var/lib/docker",
        "ls /run/docker/containerd",
        "ls /proc/1/root",
    ):
        finished = run_in(lab, text)
        assert finished.code != 0, text
        assert "permission denied" in finished.said.lower(), text


@docker
def test_devices_are_out_of_reach(lab: Lab) -> None:
    """The devices that a privileged container has are no script's: only the harmless ones can be opened."""
    text = "find /dev -xdev \\( -type b -o -type c \\) \\( -readable -o -writable \\) | sort"
    found = run_in(lab, text).said.split()
    assert found == [f"/dev/{name}" for name in ("full", "null", "ptmx", "random", "tty", "urandom", "zero")] or (
        "/dev/ptmx" not in found
        and set(found) <= {f"/dev/{n}" for n in ("full", "null", "random", "tty", "urandom", "zero")}
    )


@docker
def test_a_script_finds_what_a_learners_machine_has(lab: Lab) -> None:
    """The tools that a solution may use are there, the docker command with its plugins among them."""
    text = (
        "for program in bash git curl jq tar gzip python3 wget ps; do\n"
        "  command -v $program > /dev/null || echo no $program\n"
        "done\n"
        "docker buildx version > /dev/null && docker compose version > /dev/null && echo plugins\n"
        "touch ~/x /tmp/x ./x && echo writable; test -t 0 && test -t 1 && echo terminal; echo said > /dev/stderr"
    )
    assert run_in(lab, text).said.split() == ["plugins", "writable", "terminal", "said"]


@docker
def test_the_system_cannot_be_changed(lab: Lab) -> None:
    """What is not the script's own is read-only, the engine's programs too."""
    said = run_in(lab, "touch /usr/bin/x /opt/docker/x /etc/x; true").said
    assert said.count("Read-only file system") + said.count("Permission denied") == 3


@docker
def test_nothing_but_the_mirror_can_be_reached(lab: Lab) -> None:
    """A lab has its own loopback and no other network; the mirror is there to be read, never to be written to."""
    mirror = Mirror.of(find_engine())
    assert mirror is not None
    at = f"http://{mirror.address}/v2"
    text = (
        "ls /sys/class/net | tr '\\n' ' '; tail -n +2 /proc/net/route\n"
        "for method in GET PUT POST DELETE PATCH; do\n"
        f"  curl -s -o /dev/null -w '%{{http_code}} ' -X $method {at}/library/hello-world/manifests/latest\n"
        "done\n"
        f"for path in _catalog a/../_catalog; do curl -s -o /dev/null -w '%{{http_code}} ' {at}/$path; done\n"
        "curl -sS -m 3 http://1.1.1.1/ ; curl -sS -m 3 http://example.org/; true\n"
    )
    said = run_in(lab, text).said
    assert "200 501 501 501 501 404 404" in said
    assert "Could not resolve host" in said
    assert "connect to 1.1.1.1" in said
    words = said.split("curl:")[0].split()
    assert {"docker0", "lo"} == set(words[: words.index("lo") + 1])


@docker
def test_the_way_to_the_engine_leads_through_the_guard(lab: Lab) -> None:
    """What a script asks at its DOCKER_HOST is judged; what it may have is done by the lab's engine."""
    with _guard(lab) as guard:
        text = (
            "docker run --rm busybox:1 echo hello there\n"
            "docker run --rm --privileged busybox:1 true\n"
            "docker run --rm -v /:/x busybox:1 true"
        )
        said = run_in(lab, text, docker=guard.host).said
    assert "hello there" in said
    assert said.count("Error response from daemon") == 2


@docker
def test_what_root_in_a_container_leaves_in_the_work_has_no_power(lab: Lab) -> None:
    """A device's file that a container made there opens for nobody, neither inside nor outside."""
    with _guard(lab) as guard:
        make = 'docker run --rm -v "$PWD:/w" busybox:1 sh -c "mknod /w/zero c 1 5; chmod 666 /w/zero"'
        finished = run_in(lab, f"{make}\nls -l zero; head -c 1 zero; pwd", docker=guard.host)
    assert "crw-rw-rw-" in finished.said
    assert "Permission denied" in finished.said
    with pytest.raises(PermissionError):
        Path(finished.said.split()[-1], "zero").read_bytes()


def _guard(lab: Lab) -> Guard:
    socket = Path(lab.environment["KATA_LAB"]).with_suffix("") / "runs" / "docker.sock"
    return Guard(
        lab.engine,
        Grants(work=socket.parent, images=frozenset({"docker.io/library/busybox:1"})),
        "test",
        socket,
        mode=0o660,
        group=LEARNER,
    )


@docker
def test_other_processes_do_not_exist(lab: Lab) -> None:
    """A script sees its own processes and its supervisor; not the engine, not who grades, and cannot kill them."""
    said = run_in(
        lab, f"ps -eo comm | sort -u | tr '\\n' ' '; kill -9 {os.getpid()}; kill -9 1; kill -9 2; echo still here"
    ).said
    assert "dockerd" not in said
    assert "containerd" not in said
    assert "pytest" not in said
    assert said.rstrip().endswith("still here")
    assert "Operation not permitted" in said or "No such process" in said


@docker
def test_it_cannot_raise_what_limits_it(lab: Lab) -> None:
    """The control groups and the kernel's settings are read-only for a script (one only looks as if it were not)."""
    text = "find /sys/fs/cgroup /proc/sys -writable -type f ! -name ns_last_pid 2>/dev/null; echo none"
    assert run_in(lab, text).said.split() == ["none"]


@docker
def test_an_exit_code_comes_out(lab: Lab) -> None:
    """How a script ends is told as it is: its exit code, or 128 and the signal's number."""
    assert run_in(lab, "exit 7").code == 7
    assert run_in(lab, "kill -TERM $$").code == 128 + 15


@docker
def test_its_links_lead_nobody_outside(lab: Lab) -> None:
    """A link that a script leaves is followed inside; whoever looks from outside is not led to files of the machine."""
    finished = run_in(lab, "ln -s /etc etc; ln -s /etc/hostname name; cat etc/hostname name; pwd")
    *names, folder = finished.said.split()
    assert names == ["lab", "lab"]
    for path in ("etc/hostname", "name"):
        with pytest.raises(OSError, match="symbolic links"):
            Path(folder, path).read_text(encoding="utf-8")


@docker
def test_nothing_of_a_script_outlives_it(lab: Lab) -> None:
    """What a script leaves in the background is killed with it, sessions and empty environments notwithstanding."""
    run_in(lab, "for n in 1 2 3; do env -i setsid sleep 54321 & done; exit 0")
    assert until(lambda: not _sleepers("54321"))


@docker
def test_a_script_that_is_stopped_dies_with_all_it_started(lab: Lab) -> None:
    """A script that is stopped in the middle of its work dies at once, with what ignores every signal."""
    with start_in(
        lab, "trap '' TERM HUP INT\nenv -i setsid sleep 65432 &\necho ready\nwhile :; do sleep 65432; done"
    ) as script:
        assert script.wait_until(lambda: "ready" in script.said and len(_sleepers("65432")) == 2, 10)
    assert until(lambda: not _sleepers("65432"))


def _sleepers(seconds: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("cmdline").read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(process.name)
        except OSError:
            continue
    return found


@docker
def test_a_lab_that_is_killed_blames_the_machine(lab: Lab) -> None:
    """Where a lab goes away under a script, that is not the script's mistake; it is said in both languages."""
    with start_in(lab, "echo ready; sleep 60") as script:
        assert script.wait_until(lambda: "ready" in script.said, 10)
        lab.kill()
        with pytest.raises(KataError) as caught:
            script.wait(20)
    assert caught.value.key == "lab.script_lost"
    assert "The lab was gone before try.sh ended" in caught.value.cause.en
    assert "랩이 사라졌어요" in caught.value.cause.ko
