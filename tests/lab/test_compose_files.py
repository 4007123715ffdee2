"""Compose files that reach for what is not the learner's, in a lab: the client reads them as an ordinary user."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.guard.message import Grants
from checker.guard.serve import Guard
from checker.lab import LEARNER
from tests.lab.conftest import run_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.lab import Lab, Labs

pytestmark = pytest.mark.docker

SERVICE = "services:\n  it:\n    image: busybox:1\n    command: {command}\n"
PRINTS = 'sh -c "env; cat /run/secrets/* /given 2>/dev/null; echo ended"'
REACHING = {  # what is added to the service, and after it
    "an environment file": ("    env_file: {file}\n", ""),
    "a secret": ("    secrets: [it]\n", "secrets:\n  it:\n    file: {file}\n"),
    "a config": ("    configs:\n      - source: it\n        target: /given\n", "configs:\n  it:\n    file: {file}\n"),
    "an included file": ("", "include:\n  - {file}\n"),
    "an extended service": ("    extends:\n      file: {file}\n      service: it\n", ""),
    "a volume": ("    volumes: ['{file}:/given:ro']\n", ""),
}
SHADOW = re.compile(
    r"^root:[^:]*:\d{3,}:", re.MULTILINE
)  # a line of /etc/shadow; in /etc/passwd a short number follows


@pytest.fixture(scope="module")
def lab(labs: Labs) -> Iterator[Lab]:
    """One lab for all of these: none of them may break it."""
    with labs.open() as opened:
        yield opened


@pytest.fixture
def guard(lab: Lab) -> Iterator[Guard]:
    """The guard that a script in the lab meets."""
    socket = Path(lab.environment["KATA_LAB"]).with_suffix("") / "runs" / "docker.sock"
    grants = Grants(work=socket.parent / "work", images=frozenset({"docker.io/library/busybox:1"}))
    with Guard(lab.engine, grants, "test", socket, mode=0o660, group=LEARNER) as opened:
        yield opened


def composed(lab: Lab, guard: Guard, text: str, more: str = "") -> str:
    """Run what a compose file describes in a lab, and return what was said on the terminal."""
    script = (
        f"cat > compose.yaml <<'END'\n{text}END\n{more}\ntimeout 15 docker compose up 2>&1\ndocker compose down -t 0"
    )
    return run_in(lab, script, seconds=40, docker=guard.host).said


@pytest.mark.parametrize("kind", REACHING)
def test_a_file_of_another_user_does_not_come_along(lab: Lab, guard: Guard, kind: str) -> None:
    """What only root may read reaches neither a container nor the terminal, whichever key names it."""
    of_service, after = REACHING[kind]
    text = SERVICE.format(command=PRINTS) + (of_service + after).format(file="/etc/shadow")
    said = composed(lab, guard, text, "cat /etc/shadow")
    assert "/etc/shadow: Permission denied" in said  # so it is there
    assert SHADOW.search(said) is None, said
    assert re.search("permission denied|Error response from daemon", said.partition("Permission denied")[2]), said


def test_a_file_of_ones_own_comes_along(lab: Lab, guard: Guard) -> None:
    """The twin of all these: an environment file beside the compose file is read."""
    text = SERVICE.format(command=PRINTS) + "    env_file: own.env\n"
    said = composed(lab, guard, text, "echo NOODLES=hot > own.env")
    assert "NOODLES=hot" in said
    assert "ended" in said


@pytest.mark.parametrize(
    "include", ["oci://127.0.0.1:5000/kata/compose", "https://github.com/docker/awesome-compose.git"]
)
def test_a_compose_file_of_elsewhere_is_not_fetched(lab: Lab, guard: Guard, include: str) -> None:
    """From a registry or from git nothing comes in: there is no way out, and it says so soon."""
    said = composed(lab, guard, SERVICE.format(command=PRINTS) + f"include:\n  - {include}\n")
    assert "ended" not in said
    assert re.search(r"disabled|error|fail|could not|unable|denied|refused", said, re.IGNORECASE), said


def test_the_whole_machine_is_no_build_context(lab: Lab, guard: Guard) -> None:
    """With the root folder as its context a build ends at what it may not read, and the lab goes on."""
    of_build = "    build:\n      context: /\n      dockerfile_inline: |\n"
    inline = "        FROM busybox:1\n        COPY etc/shadow /given\n"
    text = f"services:\n  it:\n{of_build}{inline}"
    said = composed(lab, guard, text + "    command: cat /given\n")
    assert SHADOW.search(said) is None, said
    assert "hello there" in run_in(lab, "docker run --rm busybox:1 echo hello there", docker=guard.host).said


@pytest.mark.parametrize(
    "line",
    [
        "volumes: ['/:/host']",
        "volumes: ['/var/run/docker.sock:/var/run/docker.sock']",
        "privileged: true",
        "pid: host",
        "ipc: host",
        "network_mode: host",
        "userns_mode: host",
        "cgroup_parent: /other",
        "cap_add: [SYS_ADMIN]",
        "devices: ['/dev/kmsg']",
        "security_opt: ['seccomp=unconfined']",
    ],
)
def test_what_the_api_refuses_compose_is_refused(lab: Lab, guard: Guard, line: str) -> None:
    """Each way to the machine that a compose file knows meets the guard's answer, and nothing is started."""
    said = composed(lab, guard, SERVICE.format(command=PRINTS) + f"    {line}\n")
    assert "Error response from daemon" in said
    assert "ended" not in said


def test_a_provider_is_the_learners_own_program(lab: Lab, guard: Guard) -> None:
    """A program that compose is told to call gets no more than the learner: another user's files stay closed to it."""
    text = "services:\n  it:\n    provider:\n      type: ./provider\n"
    program = "printf '#!/bin/sh\\nid -u > by\\ncat /etc/shadow\\n' > provider; chmod +x provider"
    said = composed(lab, guard, text, program) + run_in(lab, "cat by 2>/dev/null || echo never called").said
    assert SHADOW.search(said) is None, said
    assert said.rstrip().endswith((str(LEARNER), "never called"))


def test_a_yaml_bomb_ends(lab: Lab, guard: Guard) -> None:
    """Aliases of aliases take no more than the time they get, and the lab goes on."""
    levels = [f"x-{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 10)]
    text = "x-0: &x0 [no, no, no]\n" + "\n".join(levels) + "\n" + SERVICE.format(command="echo ended")
    script = f"cat > compose.yaml <<'END'\n{text}END\ntimeout -k 1 10 docker compose up 2>&1 | head -c 100000"
    said = run_in(lab, script, seconds=40, docker=guard.host).said
    assert "ended" not in said
    assert said.count("no") < 10_000
    assert "hello there" in run_in(lab, "docker run --rm busybox:1 echo hello there", docker=guard.host).said


def test_a_port_for_everyone_stays_in_the_lab(lab: Lab, guard: Guard) -> None:
    """A port that is published to every address is left as it is, for a check to judge; nobody outside gets to it."""
    text = SERVICE.format(command="httpd -f -p 80") + "    ports: ['0.0.0.0:18080:80']\n"
    asked = (
        "docker compose up -d 2>&1; docker compose ps --format '{{.Ports}}'\n"
        "curl -s -o /dev/null -w 'answers %{http_code}' http://127.0.0.1:18080/; docker compose down -t 0 2>&1"
    )
    said = run_in(lab, f"cat > compose.yaml <<'END'\n{text}END\n{asked}", seconds=40, docker=guard.host).said
    assert "0.0.0.0:18080->80/tcp" in said
    assert "answers 404" in said
    addresses = run_in(lab, "ls /sys/class/net").said.split()
    assert "eth0" not in addresses
