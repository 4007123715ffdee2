"""What Docker says, in the words of the engine at hand (marked docker) and of others (tables)."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.explain.output import explain
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.explain.conftest import Desk, Expect

DAEMON = "docker: Error response from daemon: "
SOLVE = "ERROR: failed to solve: "
KNOWN = ("busybox:1", "redis:7", "python:3.11-slim", "debian:bookworm-slim", "hello-world")
OFFLINE = 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host'


# Tables: the same mistakes in the words of several versions

WORDINGS: dict[str, tuple[str, dict[str, str], str]] = {
    "1, buildx 0.13": (
        "no_context",
        {},
        "ERROR: \"docker buildx build\" requires exactly 1 argument.\nSee 'docker buildx build --help'.",
    ),
    "1, buildx 0.29": (
        "no_context",
        {},
        ("ERROR: docker: 'docker buildx build' requires 1 argument\n\nUsage:  docker buildx build [OPTIONS] PATH"),
    ),
    "1, classic builder": ("no_context", {}, '"docker build" requires exactly 1 argument.'),
    "1, docker 28": ("no_context", {}, "docker: 'docker image build' requires 1 argument"),
    "2, run": (
        "name_in_use",
        {"name": "web"},
        (
            f'{DAEMON}Conflict. The container name "/web" is already in use by container "4a6f". You have to '
            "remove "
            "(or rename) that container to be able to reuse that name.\nSee 'docker run --help'."
        ),
    ),
    "2, compose": (
        "name_in_use",
        {"name": "web"},
        (
            " Container x-web-1  Recreate\nError response from daemon: Error when allocating new name: "
            "Conflict. The "
            'container name "/web" is already in use by container "4a6f".'
        ),
    ),
    "3, engine 26": (
        "port_taken",
        {"port": "8080"},
        (
            f"{DAEMON}driver failed programming external connectivity on endpoint b (ac56): Bind for "
            "0.0.0.0:8080 "
            "failed: port is already allocated."
        ),
    ),
    "3, engine 28": (
        "port_taken",
        {"port": "8080"},
        (
            f"{DAEMON}failed to set up container networking: driver failed programming external "
            "connectivity on "
            "endpoint b (ac56): Bind for :::8080 failed: port is already allocated\n\nRun 'docker run "
            "--help' "
            "for more"
        ),
    ),
    "4, engine 26": (
        "port_taken_outside",
        {"port": "8080"},
        (
            f"{DAEMON}driver failed programming external connectivity on endpoint b (65): Error starting "
            "userland "
            "proxy: listen tcp4 127.0.0.1:8080: bind: address already in use."
        ),
    ),
    "4, IPv6": (
        "port_taken_outside",
        {"port": "8080"},
        (
            f"{DAEMON}driver failed programming external connectivity on endpoint b (65): Error starting "
            "userland "
            "proxy: listen tcp6 [::]:8080: bind: address already in use."
        ),
    ),
    "4, engine 27": (
        "port_taken_outside",
        {"port": "8080"},
        (
            f"{DAEMON}failed to set up container networking: driver failed programming external "
            "connectivity on "
            "endpoint b (d5): failed to bind host port for 0.0.0.0:8080:172.18.0.2:80/tcp: address "
            "already in "
            "use"
        ),
    ),
    "4, engine 29": (
        "port_taken_outside",
        {"port": "8080"},
        (
            f"{DAEMON}failed to set up container networking: driver failed programming external "
            "connectivity on "
            "endpoint b (d5): failed to bind host port 0.0.0.0:8080/tcp: address already in use"
        ),
    ),
    "4, Docker Desktop": (
        "port_taken_outside",
        {"port": "5000"},
        (
            f"{DAEMON}Ports are not available: exposing port TCP 0.0.0.0:5000 -> 127.0.0.1:0: listen tcp "
            "0.0.0.0:5000: bind: address already in use."
        ),
    ),
    "9, run": (
        "upper_case_name",
        {"image": "My-App"},
        "docker: invalid reference format: repository name (library/My-App) must be lowercase.",
    ),
    "9, tag": (
        "upper_case_name",
        {"image": "My-App"},
        'ERROR: invalid tag "My-App": repository name must be lowercase',
    ),
    "9, docker 29": (
        "upper_case_name",
        {"image": "My-App"},
        'ERROR: failed to build: invalid tag "My-App": repository name must be lowercase',
    ),
    "9, FROM": (
        "upper_case_name",
        {"image": "My-App:1"},
        (
            f'{SOLVE}failed to parse stage name "My-App:1": invalid reference format: repository name '
            "(library/My-App) must be lowercase"
        ),
    ),
    "10, runc 1.1": (
        "option_after_image",
        {"option": "-d"},
        (
            f"{DAEMON}failed to create task for container: failed to create shim task: OCI runtime create "
            "failed: runc "
            'create failed: unable to start container process: exec: "-d": executable file not found in '
            "$PATH: unknown."
        ),
    ),
    "10, runc 1.3": (
        "option_after_image",
        {"option": "--name"},
        (
            f"{DAEMON}failed to create task for container: failed to create shim task: OCI runtime create "
            "failed: runc "
            "create failed: unable to start container process: error during container init: exec: "
            "\"--name\": executable file not found in $PATH: unknown\n\nRun 'docker run --help' for more "
            "information"
        ),
    ),
    "10, engine 20.10": (
        "option_after_image",
        {"option": "-p"},
        (
            f"{DAEMON}OCI runtime create failed: container_linux.go:380: starting container process caused: "
            "exec: "
            '"-p": executable file not found in $PATH: unknown.'
        ),
    ),
    "10, crun": (
        "option_after_image",
        {"option": "-d"},
        (
            f"{DAEMON}crun: executable file `-d` not found in $PATH: No such file or directory: OCI runtime "
            "attempted "
            "to invoke a command that was not found."
        ),
    ),
    "10, start": (
        "option_after_image",
        {"option": "-d"},
        (
            'Error response from daemon: failed to create task for container: exec: "-d": executable file '
            "not "
            "found in "
            "$PATH: unknown\nError: failed to start containers: web"
        ),
    ),
    "a whole command in one word": (
        "command_in_one_word",
        {"program": "python app.py"},
        f'{DAEMON}runc create failed: exec: "python app.py": executable file not found in $PATH: unknown.',
    ),
    "a program that is not there": (
        "no_program",
        {"program": "/nope/x"},
        f'{DAEMON}runc create failed: exec: "/nope/x": stat /nope/x: no such file or directory: unknown.',
    ),
    "11, dash": ("single_quotes", {"place": "Dockerfile"}, "/bin/sh: 1: [echo,: not found"),
    "11, busybox": ("single_quotes", {"place": "Dockerfile"}, "/bin/sh: [echo,: not found"),
    "11, bash": ("single_quotes", {"place": "Dockerfile"}, "/bin/sh: line 1: [python,: command not found"),
    "13": ("interpreter_unknown", {"file": "/ep.sh"}, "exec /ep.sh: no such file or directory"),
    "14": (
        "not_executable",
        {"file": "/ep.sh"},
        (f'{DAEMON}runc create failed: unable to start container process: exec: "/ep.sh": permission denied: unknown.'),
    ),
    "15 or 16": ("exec_format", {"file": "/ep.sh"}, "exec /ep.sh: exec format error"),
    "16": (
        "other_cpu",
        {"wanted": "linux/arm64", "here": "linux/amd64/v3"},
        (
            "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
            "(linux/amd64/v3) and no specific platform was requested\nexec /bin/true: exec format error"
        ),
    ),
    "16, no such image": (
        "no_image_for_cpu",
        {"image": "app:1", "platform": "linux/arm64/v8"},
        (
            f"Unable to find image 'app:1' locally\n{DAEMON}no matching manifest for linux/arm64/v8 in the "
            "manifest list "
            "entries."
        ),
    ),
    "no terminal": ("no_terminal", {}, "the input device is not a TTY"),
    "no terminal, 29": (
        "no_terminal",
        {},
        "cannot attach stdin to a TTY-enabled container because stdin is not a terminal",
    ),
    "unknown option": (
        "unknown_option",
        {"option": "--nmae"},
        "unknown flag: --nmae\nSee 'docker run --help'.",
    ),
    "unknown option, 28": (
        "unknown_option",
        {"option": "--nmae"},
        ("unknown flag: --nmae\n\nUsage:  docker run [OPTIONS] IMAGE [COMMAND]\n\nRun 'docker run --help' for more"),
    ),
    "unknown command": ("unknown_command", {"command": "rum"}, "docker: 'rum' is not a docker command.\nSee"),
    "unknown command, 28": (
        "unknown_command",
        {"command": "rum"},
        "docker: unknown command: docker rum\n\nRun",
    ),
    "no argument": (
        "argument_missing",
        {"command": "docker run"},
        '"docker run" requires at least 1 argument.',
    ),
    "no argument, 28": (
        "argument_missing",
        {"command": "docker run"},
        "docker: 'docker run' requires at least 1 argument",
    ),
    "no container": (
        "no_such_container",
        {"name": "web"},
        "Error response from daemon: No such container: web",
    ),
    "not running": (
        "not_running",
        {"name": "81085a772413"},
        f"Error response from daemon: container {'81085a772413' * 5}abcd is not running",
    ),
    "no network": ("no_such_network", {"network": "net"}, f"{DAEMON}network net not found."),
    "relative mount": (
        "volume_path",
        {"path": "rel/path"},
        (f'{DAEMON}create rel/path: "rel/path" includes invalid characters for a local volume name, only "[a-z]" are'),
    ),
    "missing mount": (
        "mount_missing",
        {"path": "/no"},
        f'{DAEMON}invalid mount config for type "bind": bind source path does not exist: /no.',
    ),
    "bad name": (
        "bad_container_name",
        {"name": "a"},
        f"{DAEMON}Invalid container name (a), only [a-z] are allowed.",
    ),
    "rm of a running one, 26": (
        "still_running",
        {"name": "web"},
        ('Error response from daemon: cannot remove container "/web": container is running: stop the container'),
    ),
    "rm of a running one, 29": (
        "still_running",
        {"name": "web"},
        'Error response from daemon: cannot remove container "web": container is running: stop the container',
    ),
    "rmi of a used one": (
        "image_in_use",
        {"image": "app:1", "container": "1654fe64489c"},
        (
            'Error response from daemon: conflict: unable to remove repository reference "app:1" (must '
            "force) - "
            "container 1654fe64489c is using its referenced image 08f746c00eeb"
        ),
    ),
    "bad image name": ("bad_image_name", {}, "docker: invalid reference format.\nSee 'docker run --help'."),
    "no context folder": (
        "context_missing",
        {"path": "nodir"},
        'ERROR: unable to prepare context: path "nodir" not found',
    ),
    "25, unhealthy": (
        "unhealthy",
        {"container": "x-db-1"},
        " Container x-db-1  Error\ndependency failed to start: container x-db-1 is unhealthy",
    ),
    "25, no health check": (
        "no_healthcheck",
        {"container": "x-db-1"},
        "dependency failed to start: container x-db-1 has no healthcheck configured",
    ),
    "no compose file": ("no_compose_file", {}, "no configuration file provided: not found"),
    "compose key": (
        "compose_invalid",
        {"said": "services.web Additional property prots is not allowed"},
        "validating /tmp/x/compose.yaml: services.web Additional property prots is not allowed",
    ),
    "compose yaml": (
        "compose_invalid",
        {"said": "yaml: line 2: found character that cannot start any token"},
        "yaml: line 2: found character that cannot start any token",
    ),
    "compose service": (
        "compose_invalid",
        {"said": 'service "web" depends on undefined service "x"'},
        'service "web" depends on undefined service "x": invalid compose project',
    ),
    "24, never pulls": ("image_not_here", {"image": "app"}, f"{DAEMON}No such image: app:latest."),
    "unknown image, graph driver store": (
        "unknown_image",
        {"image": "nosuch"},
        (
            f"Unable to find image 'nosuch:latest' locally\n{DAEMON}pull access denied for nosuch, "
            "repository "
            "does not "
            "exist or may require 'docker login': denied: requested access to the resource is denied."
        ),
    ),
    "unknown tag, graph driver store": (
        "unknown_image",
        {"image": "redis:77"},
        f"{DAEMON}manifest for redis:77 not found: manifest unknown: manifest unknown.",
    ),
    "unknown image, containerd store": (
        "unknown_image",
        {"image": "nosuch:2"},
        (
            'Error response from daemon: failed to resolve reference "docker.io/library/nosuch:2": '
            "docker.io/library/nosuch:2: not found"
        ),
    ),
    "unknown image, containerd store, denied": (
        "unknown_image",
        {"image": "me/nosuch"},
        (
            'Error response from daemon: failed to resolve reference "docker.io/me/nosuch:latest": pull '
            "access denied, "
            "repository does not exist or may require authorization: server message: insufficient_scope: "
            "authorization failed"
        ),
    ),
}


@pytest.mark.parametrize("wording", WORDINGS)
def test_each_wording_means_the_same_mistake(wording: str, expect: Expect) -> None:
    """A mistake is recognised in the words of old and new engines, with the names in them."""
    key, blanks, said = WORDINGS[wording]
    expect(explain(said), key, **blanks)


@pytest.mark.parametrize("wording", WORDINGS)
def test_noise_around_it_changes_nothing(wording: str, expect: Expect) -> None:
    """Colours, CRLF, progress bars and a learner's own output around the line do not hide it."""
    key, blanks, said = WORDINGS[wording]
    noisy = f"starting...\r\n\x1b[31mone\rtwo\x1b[0m\r\n{said}\n\x1b[1mdone\x1b[0m".replace("\n", "\r\n")
    expect(explain(noisy), key, **blanks)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "daemon_gone",
            "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?",
        ),
        (
            "daemon_gone",
            "ERROR: Cannot connect to the Docker daemon at tcp://h:1. Is the docker daemon running?",
        ),
        (
            "daemon_gone",
            (
                "failed to connect to the docker API at unix:///x.sock; check if the path is correct and if "
                "the daemon "
                "is running: dial unix /x.sock: connect: no such file or directory"
            ),
        ),
        ("daemon_gone", 'error during connect: Post "http://x/v1.45/containers/create": EOF'),
        (
            "socket_denied",
            ('permission denied while trying to connect to the Docker daemon socket at unix:///x.sock: Get "http'),
        ),
        ("socket_denied", "permission denied while trying to connect to the docker API at unix:///x.sock"),
        ("rate_limited", f"{DAEMON}toomanyrequests: You have reached your pull rate limit. You may increase"),
        (
            "rate_limited",
            (
                'Error response from daemon: failed to resolve reference "docker.io/library/redis:7": '
                "unexpected status "
                "from HEAD request to https://registry-1.docker.io/v2/library/redis/manifests/7: 429 Too "
                "Many "
                "Requests"
            ),
        ),
        ("registry_unreachable", f"Unable to find image 'redis:7' locally\n{DAEMON}{OFFLINE}."),
        ("registry_unreachable", f"Error response from daemon: {OFFLINE}"),
        (
            "registry_unreachable",
            (
                f'{DAEMON}Get "https://registry-1.docker.io/v2/": net/http: request canceled while '
                "waiting for "
                "connection (Client.Timeout exceeded while awaiting headers)."
            ),
        ),
        (
            "registry_unreachable",
            (
                f"{SOLVE}redis:7: failed to resolve source metadata for docker.io/library/redis:7: failed to "
                "do request: "
                'Head "https://registry-1.docker.io/v2/library/redis/manifests/7": dial tcp 1.2.3.4:443: i/o '
                "timeout"
            ),
        ),
        (
            "registry_unreachable",
            (
                'Error response from daemon: failed to resolve reference "docker.io/library/redis:7": failed '
                "to authorize: "
                "failed to fetch anonymous token: Get "
                '"https://auth.docker.io/token?service=registry.docker.io": EOF'
            ),
        ),
        ("image_missing", f"{DAEMON}manifest for redis:7 not found: manifest unknown: manifest unknown."),
        ("disk_full", f"{DAEMON}mkdir /var/lib/docker/overlay2/a: no space left on device."),
        (
            "bridge_gone",
            f"{DAEMON}failed to create endpoint x on network bridge: adding interface v1 to bridge docker0 failed",
        ),
        ("init_missing", f'{DAEMON}exec: "docker-init": executable file not found in $PATH.'),
        ("disk_full", f"{SOLVE}failed to copy: write /var/lib/docker/x: no space left on device"),
    ],
)
def test_what_is_never_the_learners_fault_has_a_remedy(key: str, said: str, expect: Expect) -> None:
    """An engine, a registry or a disk that fails is an error of ours, in both languages, with what to do."""
    answer = explain(said, known_images=KNOWN)
    expect(answer, key)
    assert isinstance(answer, KataError)
    assert answer.remedy.en
    assert answer.remedy.ko


def test_an_unreachable_registry_hides_no_misspelt_name(expect: Expect) -> None:
    """A name that the exercise cannot have is the learner's, although the registry could not be asked."""
    said = f"Unable to find image 'redsi:7' locally\n{DAEMON}{OFFLINE}."
    english, korean = expect(
        explain(said, known_images=KNOWN), "unknown_image_near", image="redsi:7", nearest="redis:7"
    )
    assert english == (
        "Docker finds no image called redsi:7, neither here nor in the registry. This exercise has: redis:7"
    )
    assert korean == ("redsi:7 이미지는 여기에도 registry에도 없어요. 이 연습문제에는 이런 이미지가 있어요: redis:7")


@pytest.mark.parametrize(
    "written",
    [
        "redis:7",
        "library/redis:7",
        "docker.io/library/redis:7",
        "docker.io/redis:7",
        "index.docker.io/redis:7",
    ],
)
def test_a_long_name_is_the_same_image(written: str, expect: Expect) -> None:
    """An exercise's image is known under all its names, so an unreachable registry is not the learner's."""
    said = f"Unable to find image '{written}' locally\n{DAEMON}{OFFLINE}."
    expect(explain(said, known_images=KNOWN), "registry_unreachable")


def test_a_pull_that_names_no_image_is_looked_up_in_the_script(tmp_path: Path, expect: Expect) -> None:
    """Where ``docker pull`` fails without naming the image, the script that pulled it does."""
    (tmp_path / "run.sh").write_text("#!/bin/sh\ndocker pull -q pyton:3.11-slim\ndocker pull redis:7\n")
    answer = explain(f"Error response from daemon: {OFFLINE}", work=tmp_path, known_images=KNOWN)
    expect(answer, "unknown_image_near", image="pyton:3.11-slim", nearest="python:3.11-slim")


def test_a_registry_of_the_learners_own_that_does_not_answer_is_theirs(expect: Expect) -> None:
    """A name with a registry in it that nobody started is a mistake, not a broken network."""
    refused = 'Get "http://localhost:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused'
    said = f"Unable to find image 'localhost:5999/a:1' locally\n{DAEMON}{refused}"
    answer = explain(said, known_images=KNOWN)
    expect(answer, "no_registry", image="localhost:5999/a:1", registry="localhost:5999")


def test_the_first_complaint_is_the_cause(expect: Expect) -> None:
    """What went wrong first is explained; what follows from it is not."""
    said = (
        f'{DAEMON}Conflict. The container name "/web" is already in use by container "4a".\n'
        "Error response from daemon: No such container: other\nthe input device is not a TTY\n"
    )
    expect(explain(said), "name_in_use", name="web")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "all is well",
        "echo: if you see 'port is already allocated', port 80 is taken",
        "# No such container: web would mean that it is gone",
        "I was told: Cannot connect to the Docker daemon, but it works",
        'see: docker: Error response from daemon: Conflict. The container name "/web" is already in use',
        "app: connect: connection refused",
        'Get "https://example.com/x": dial tcp: lookup example.com: no such host',
        "yaml: is a format",
        "unknown flag: --x",
        (
            "Unable to find image 'hello-world:latest' locally\nlatest: Pulling from "
            "library/hello-world\nHello from Docker!"
        ),
        (
            "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
            "(linux/amd64)"
        ),
        f"{SOLVE}rpc error: code = Unavailable desc = error reading from server: EOF",
        f"{DAEMON}something that no version of Docker has said so far",
    ],
)
def test_a_harmless_mention_is_not_believed(said: str) -> None:
    """Docker's words inside somebody else's line, and what nobody knows, mean nothing."""
    assert explain(said) is None


def test_much_output_is_searched_at_both_ends(expect: Expect) -> None:
    """A script that prints 50 MB is looked at in a moment, and its last words count."""
    said = "x" * 25_000_000 + "\n" + "line\n" * 5_000_000 + "Error response from daemon: No such container: web\n"
    expect(explain(said), "no_such_container", name="web")


def test_nobody_says_more_by_saying_it_strangely() -> None:
    """Long lines of almost-matches are searched in linear time."""
    for piece in (
        'exec: "',
        "failed to solve: ",
        "repository name ",
        "[",
        "a:",
        "docker: ",
        "/v2/",
        "host port ",
        "stat ",
    ):
        explain(f"{DAEMON}{piece * 20_000}\n{SOLVE}{piece * 20_000}\n{piece * 20_000}")


def test_control_characters_do_not_reach_the_sentence(expect: Expect) -> None:
    """A name with an escape sequence in it is shown without."""
    answer = explain("Error response from daemon: No such container: \x1b]0;x\x07web\x1b[31m")
    expect(answer, "no_such_container", name="web")


# The engine at hand: each mistake is made, and what came back is explained


@contextmanager
def program_on_port() -> Iterator[str]:
    """Have a program listen on all addresses, and give its port."""
    with socket.create_server(("0.0.0.0", 0)) as listening:  # noqa: S104 - where Docker would bind
        yield str(listening.getsockname()[1])


@pytest.mark.docker
class TestTheEngine:
    """The engine at hand is provoked."""

    def test_1_build_without_a_context(self, desk: Desk, expect: Expect) -> None:
        """Without the dot, docker build says which argument count it wants, and we say what the dot is."""
        english, korean = expect(desk.explain(desk.docker("build", "-t", "x")), "no_context")
        assert english.startswith("docker build needs exactly one build context")
        assert "점 하나" in korean

    def test_2_a_name_in_use_and_its_state(self, desk: Desk, expect: Expect) -> None:
        """The sentence says in which state the old container is."""
        name = desk.label
        desk.run("--name", name, "busybox:1", "true")
        answer = desk.explain(desk.run("--name", name, "busybox:1", "true"))
        english, korean = expect(answer, "name_in_use_by", name=name, state="exited")
        assert english.startswith(f'There already is a container called {name}; its state is "exited".')
        assert '상태는 "exited"예요' in korean

    def test_3_a_port_held_by_a_container(self, desk: Desk, expect: Expect, free_port: int) -> None:
        """The sentence names the container that holds the port."""
        port, name = str(free_port), desk.label
        desk.run("-d", "--name", name, "-p", f"{port}:80", "busybox:1", "sleep", "60")
        answer = desk.explain(desk.run("-d", "-p", f"{port}:80", "busybox:1", "sleep", "60"))
        expect(answer, "port_taken_by", port=port, container=name)

    def test_4_a_port_held_by_a_program(self, desk: Desk, expect: Expect) -> None:
        """A port that no container has is held by a program."""
        with program_on_port() as port:
            said = desk.run("-d", "-p", f"{port}:80", "busybox:1", "sleep", "60")
        expect(desk.explain(said), "port_taken_outside", port=port)

    def test_9_a_capital_in_a_name(self, desk: Desk, expect: Expect) -> None:
        """Run, tag and FROM each say it differently."""
        expect(desk.explain(desk.run("My-App")), "upper_case_name", image="My-App")
        expect(desk.explain(desk.build("FROM busybox:1\n", "-t", "My-App")), "upper_case_name", image="My-App")
        expect(desk.explain(desk.build("FROM Busybox:1\n")), "upper_case_name", image="Busybox:1")
        said = desk.docker("tag", "busybox:1", "me/App:1")
        expect(desk.explain(said), "upper_case_name", image="me/App:1")

    def test_10_an_option_behind_the_image(self, desk: Desk, expect: Expect) -> None:
        """What stands behind the image is the program's."""
        answer = desk.explain(desk.run("busybox:1", "-d"))
        english, korean = expect(answer, "option_after_image", option="-d")
        assert "options for docker run go before the image" in english
        assert "이미지 이름 앞에" in korean

    def test_11_single_quotes(self, desk: Desk, expect: Expect) -> None:
        """The line of the CMD is found in the learner's Dockerfile."""
        desk.build("FROM busybox:1\n\nCMD ['echo', 'hi']\n", "-t", desk.label)
        expect(desk.explain(desk.run("--rm", desk.label)), "single_quotes", place="Dockerfile:3")

    @pytest.mark.parametrize(
        ("content", "mode", "key"),
        [
            ("#!/bin/sh\r\necho hi\r\n", 0o755, "crlf"),
            ("#!/bin/sh\necho hi\n", 0o644, "not_executable"),
            ("echo hi\n", 0o755, "no_shebang"),
            ("#!/usr/bin/perl6\necho hi\n", 0o755, "no_interpreter"),
        ],
    )
    def test_13_14_15_a_script_that_does_not_start(
        self, desk: Desk, content: str, mode: int, key: str, expect: Expect
    ) -> None:
        """One look at the learner's file tells what the kernel's few words leave open."""
        desk.write("ep.sh", content, mode)
        desk.build('FROM busybox:1\nCOPY ep.sh /ep.sh\nENTRYPOINT ["/ep.sh"]\n', "-t", desk.label)
        expect(desk.explain(desk.run("--rm", desk.label)), key, file="/ep.sh")

    def test_16_an_image_of_another_cpu(self, desk: Desk, expect: Expect) -> None:
        """The platform warning before "exec format error" tells that it is the CPU and not a missing line."""
        desk.write("other", "\x7fELF and something that is no program", 0o755)
        here = desk.docker("version", "--format", "{{.Server.Arch}}").strip()
        other = "arm64" if here == "amd64" else "amd64"
        made = desk.docker("create", "--label", f"kata.run={desk.label}", "busybox:1").strip()
        subprocess.run(  # noqa: S602 - a pipe
            f"docker export {made} | docker import --platform linux/{other} -c 'LABEL kata.run={desk.label}' "
            f"- {desk.label}:other",
            shell=True,
            env=os.environ | desk.engine.environment(),
            check=True,
            capture_output=True,
        )
        desk.build(
            f'FROM --platform=linux/{other} {desk.label}:other\nCOPY other /other\nCMD ["/other"]\n',
            "-t",
            desk.label,
        )
        answer = desk.explain(desk.run("--rm", desk.label))
        expect(answer, "other_cpu", file="/other", wanted=f"linux/{other}")

    def test_24_only_another_tag(self, desk: Desk, expect: Expect) -> None:
        """Built as :1.0, run without a tag: the sentence lists the tags that there are."""
        desk.build("FROM busybox:1\n", "-t", f"{desk.label}:1.0")
        answer = desk.explain(desk.run("--rm", desk.label))
        expect(answer, "only_other_tags", image=f"{desk.label}:latest", tags=f"{desk.label}:1.0")
        answer = desk.explain(desk.run("--rm", "--pull=never", desk.label))
        expect(answer, "only_other_tags", image=f"{desk.label}:latest", tags=f"{desk.label}:1.0")

    def test_an_unknown_image(self, desk: Desk, expect: Expect) -> None:
        """A misspelt name is the learner's, whatever the registry or the lack of one says."""
        expect(
            desk.explain(desk.run("--rm", "busybx:1")),
            "unknown_image_near",
            image="busybx:1",
            nearest="busybox:1",
        )
        answer = desk.explain(desk.build("FROM busybox:1 AS one\nFROM pythn:3.11-slim\n"))
        expect(
            answer,
            "unknown_base_near",
            place="Dockerfile:2",
            image="pythn:3.11-slim",
            nearest="python:3.11-slim",
        )
        desk.write("run.sh", "docker pull debian:bokworm-slim\n")
        said = desk.docker("pull", "debian:bokworm-slim")
        expect(
            desk.explain(said),
            "unknown_image_near",
            image="debian:bokworm-slim",
            nearest="debian:bookworm-slim",
        )

    def test_25_compose_waits_for_health(self, desk: Desk, expect: Expect) -> None:
        """Compose's two complaints about health are told apart."""
        desk.write("compose.yaml", COMPOSE.format(label=desk.label, health=""))
        container = f"{desk.label}-db-1"
        said = desk.docker("compose", "-p", desk.label, "up", "-d")
        expect(desk.explain(said), "no_healthcheck", container=container)
        check = "healthcheck: {test: [CMD, 'false'], interval: 200ms, retries: 1}"
        desk.write("compose.yaml", COMPOSE.format(label=desk.label, health=check))
        said = desk.docker("compose", "-p", desk.label, "up", "-d")
        desk.docker("compose", "-p", desk.label, "down", "-t", "0")
        expect(desk.explain(said), "unhealthy", container=container)

    @pytest.mark.parametrize(
        ("key", "arguments"),
        [
            ("no_terminal", ("run", "-it", "--rm", "busybox:1", "true")),
            ("unknown_command", ("rum", "busybox:1")),
            ("unknown_option", ("run", "--nmae", "x", "busybox:1")),
            ("argument_missing", ("run",)),
            ("no_such_container", ("stop", "no-such-container-here")),
            ("no_such_network", ("run", "--rm", "--network", "no-such-net", "busybox:1", "true")),
            ("volume_path", ("run", "--rm", "-v", "rel/path:/x", "busybox:1", "true")),
            (
                "mount_missing",
                ("run", "--rm", "--mount", "type=bind,source=/no-such,target=/x", "busybox:1", "true"),
            ),
            ("bad_container_name", ("create", "--name", "a", "busybox:1")),
            ("bad_image_name", ("run", "--rm", "busybox:a:b")),
            ("image_not_here", ("run", "--rm", "--pull=never", "no-such-image-here")),
            ("context_missing", ("build", "no-such-folder")),
            ("no_registry", ("run", "--rm", "127.0.0.1:9/nosuch:1")),
            ("no_compose_file", ("compose", "up")),
        ],
    )
    def test_other_slips_of_the_hand(self, desk: Desk, key: str, arguments: tuple[str, ...], expect: Expect) -> None:
        """What a beginner mistypes otherwise has its sentence, too."""
        expect(desk.explain(desk.docker(*arguments)), key)

    def test_what_runs_is_not_removed(self, desk: Desk, expect: Expect) -> None:
        """Removing a running container or an image in use is explained with its name."""
        name = desk.label
        desk.build("FROM busybox:1\n", "-t", f"{name}:1")
        desk.run("-d", "--name", name, f"{name}:1", "sleep", "60")
        expect(desk.explain(desk.docker("rm", name)), "still_running", name=name)
        expect(desk.explain(desk.docker("rmi", f"{name}:1")), "image_in_use", image=f"{name}:1")
        desk.docker("kill", name)
        expect(desk.explain(desk.docker("exec", name, "true")), "not_running", name=name)

    def test_a_broken_compose_file(self, desk: Desk, expect: Expect) -> None:
        """Compose's words about a file it cannot read are passed on without the machine's paths."""
        desk.write("compose.yaml", "services:\n  web:\n    image: busybox:1\n    prots: []\n")
        said = str(desk.work)
        answer = desk.explain(desk.docker("compose", "up"))
        english, _ = expect(answer, "compose_invalid")
        assert "prots" in english
        assert said not in english
        desk.write("compose.yaml", "services:\n\tweb:\n")
        expect(desk.explain(desk.docker("compose", "up")), "compose_invalid")

    def test_no_engine_is_nobodys_fault(self, desk: Desk, expect: Expect) -> None:
        """A socket that nobody listens on is an error of ours, for the CLI, for buildx and for Compose."""
        gone = f"unix://{desk.work}/gone.sock"
        desk.write("compose.yaml", "services: {web: {image: 'busybox:1'}}\n")
        for arguments in (("ps",), ("run", "--rm", "busybox:1"), ("compose", "up", "-d")):
            expect(desk.explain(desk.docker(*arguments, DOCKER_HOST=gone)), "daemon_gone", address=gone)
        expect(desk.explain(desk.build("FROM busybox:1\n", DOCKER_HOST=gone)), "daemon_gone", address=gone)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not")
    def test_a_socket_one_may_not_use_is_nobodys_fault(self, desk: Desk, expect: Expect) -> None:
        """A socket without permission is an error of ours, with the remedy."""
        with socket.socket(socket.AF_UNIX) as listening:
            directory = Path("/tmp") / desk.label  # noqa: S108 - others have to get there
            directory.mkdir(mode=0o755)
            path = directory / "d.sock"
            try:
                listening.bind(str(path))
                path.chmod(0o600)
                listening.listen()
                done = subprocess.run(
                    ["setpriv", "--reuid", "65534", "--clear-groups", "docker", "ps"],
                    env=os.environ | desk.engine.environment() | {"DOCKER_HOST": f"unix://{path}", "HOME": "/"},
                    cwd="/",
                    capture_output=True,
                    text=True,
                    check=False,
                )
            finally:
                path.unlink(missing_ok=True)
                directory.rmdir()
        answer = desk.explain(done.stderr)
        expect(answer, "socket_denied", address=f"unix://{path}")
        assert isinstance(answer, KataError)
        assert "docker" in answer.remedy.ko


COMPOSE = """
services:
  web:
    image: busybox:1
    command: sleep 60
    labels: {{kata.run: {label}}}
    depends_on: {{db: {{condition: service_healthy}}}}
  db:
    image: busybox:1
    command: sleep 60
    labels: {{kata.run: {label}}}
    {health}
networks:
  default: {{labels: {{kata.run: {label}}}}}
"""
