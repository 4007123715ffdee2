"""What a container shows: facts in tables, and real containers (marked docker)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from checker.explain.diagnose import (
    parse_listening,
    why_data_lost,
    why_no_name,
    why_not_ready,
    why_not_running,
    why_slow_to_stop,
    why_unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.verdict import Mistake
    from tests.explain.conftest import Desk, Expect

ANY = "0.0.0.0"  # noqa: S104 - an address that is compared
OCI = "failed to create task for container: OCI runtime create failed: runc create failed: "
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   3: 0B00007F:A112 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
"""
TCP6 = """  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:18EB 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:18EC 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:18ED 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def container(status: str = "exited", code: int = 1, error: str = "", **rest: object) -> dict[str, Any]:
    """Return what the API says of an imagined container."""
    state = {"Status": status, "ExitCode": code, "Error": error, "OOMKilled": False}
    return {"Id": "ab" * 32, "Name": "/web", "State": state, "Path": "sh", "Args": [], "Config": {}} | rest


def silent() -> str:
    """Return the log of a container that said nothing."""
    return ""


def test_who_runs_has_nothing_wrong() -> None:
    """A running container is not explained."""
    assert why_not_running(container("running", 0), silent) is None


@pytest.mark.parametrize(
    ("inspect", "log", "key", "blanks"),
    [
        (container("paused"), "", "paused", {"name": "web"}),
        (container("created", 0), "", "never_started", {"name": "web"}),
        (
            container("created", 127, f'{OCI}exec: "-d": executable file not found in $PATH: unknown'),
            "",
            "option_after_image",
            {"option": "-d"},
        ),
        (
            container(
                "created",
                127,
                f'{OCI}error during container init: exec: "-p": executable file not found in $PATH',
            ),
            "",
            "option_after_image",
            {"option": "-p"},
        ),
        (
            container("created", 126, f'{OCI}exec: "/ep.sh": permission denied: unknown'),
            "",
            "not_executable",
            {"file": "/ep.sh"},
        ),
        (
            container("created", 128, "driver failed programming external connectivity: no"),
            "",
            "refused_to_start",
            {"name": "web", "said": "driver failed programming external connectivity: no"},
        ),
        (
            container(Config={"Cmd": ["-d"]}),
            "Fatal error, can't open config file '-d'",
            "option_after_image",
            {},
        ),
        (container(Config={"Cmd": ["--name=x"]}), "", "option_after_image", {"option": "--name=x"}),
        (container(Config={"Cmd": ["--verbose"]}), "", "ended_silently", {"code": 1}),
        (container(code=127), "/bin/sh: 1: [echo,: not found", "single_quotes", {}),
        (container(code=127), "/bin/sh: 1: srever: not found", "no_program", {"program": "srever"}),
        (
            container(code=126),
            "/bin/sh: 1: /run.sh: Permission denied",
            "not_executable",
            {"file": "/run.sh"},
        ),
        (container(), "exec /ep.sh: no such file or directory", "interpreter_unknown", {"file": "/ep.sh"}),
        (container(), "exec /ep.sh: exec format error", "exec_format", {"file": "/ep.sh"}),
        (
            container(code=127, Path="sh", Args=["/ep.sh"]),
            "/ep.sh: line 2: $'\\r': command not found",
            "crlf_lines",
            {"file": "/ep.sh"},
        ),
        (
            container(code=127, Path="/app.py"),
            "/usr/bin/env: 'python3\\r': No such file or directory",
            "crlf_lines",
            {"file": "/app.py"},
        ),
        (container(code=0, Path="sh"), "", "ended_at_once", {"name": "web", "command": "sh"}),
        (container(code=3), "one\ntwo\n", "ended", {"code": 3, "tail": "one\ntwo"}),
        (container("restarting", 3), "one\n", "ended", {"code": 3, "tail": "one"}),
        (container(code=3), "", "ended_silently", {"code": 3}),
    ],
)
def test_why_it_does_not_run(
    inspect: dict[str, Any], log: str, key: str, blanks: dict[str, Any], expect: Expect
) -> None:
    """State, command and log tell why a container does not run."""
    expect(why_not_running(inspect, lambda: log), key, **blanks)


def test_out_of_memory_comes_first(expect: Expect) -> None:
    """What the kernel killed is not explained by its last words."""
    inspect = container(code=137)
    inspect["State"]["OOMKilled"] = True
    expect(why_not_running(inspect, lambda: "working"), "out_of_memory", name="web", code=137)


ELF_ARM64 = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00" + bytes(40)
ELF_AMD64 = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00" + bytes(40)


@pytest.mark.parametrize(
    ("said", "head", "key", "blanks"),
    [
        ("no such file or directory", b"#!/bin/sh\r\n", "crlf", {}),
        ("no such file or directory", b"#!/bin/bash\n", "no_interpreter", {"line": "#!/bin/bash"}),
        ("no such file or directory", ELF_AMD64, "no_loader", {}),
        ("exec format error", b"echo hi\n", "no_shebang", {}),
        ("exec format error", b"\n#!/bin/sh\n", "no_shebang", {}),
        ("exec format error", b"", "no_shebang", {}),
        ("exec format error", ELF_ARM64, "other_cpu", {"wanted": "arm64", "here": "amd64"}),
        ("exec format error", ELF_AMD64, "exec_format", {}),
        ("permission denied", b"#!/bin/sh\n", "not_executable", {}),
    ],
)
def test_the_file_tells_what_the_kernel_does_not(
    said: str, head: bytes, key: str, blanks: dict[str, str], expect: Expect
) -> None:
    """Mistakes 13, 15 and 16 share two texts; how the file begins tells them apart."""
    answer = why_not_running(container(), lambda: f"exec /ep.sh: {said}\n", lambda _: head, engine_architecture="amd64")
    expect(answer, key, file="/ep.sh", **blanks)


def test_the_images_architecture_serves_where_the_file_cannot_be_read(expect: Expect) -> None:
    """An image of another CPU is told by what the image says of itself."""
    answer = why_not_running(
        container(),
        lambda: "exec /bin/true: exec format error",
        lambda _: None,
        image_architecture="arm64",
        engine_architecture="amd64",
    )
    expect(answer, "other_cpu", file="/bin/true", wanted="arm64", here="amd64")


def test_listening_sockets_are_read_from_proc() -> None:
    """Only what listens counts, and not Docker's own name server; IPv4 within IPv6 is IPv4."""
    assert parse_listening(TCP + TCP6) == {
        ("127.0.0.1", 8080),
        (ANY, 80),
        ("::", 6379),
        ("::1", 6380),
        ("127.0.0.1", 6381),
    }
    assert parse_listening("") == frozenset()
    assert parse_listening("cat: /proc/net/tcp6: No such file or directory\n") == frozenset()


def ports(exposed: tuple[int, ...] = (), **published: int) -> dict[str, Any]:
    """Return a running container with ``p80=8080`` for ``-p 8080:80``."""
    mapped: dict[str, Any] = {f"{port}/tcp": None for port in exposed}
    mapped |= {f"{name[1:]}/tcp": [{"HostIp": "", "HostPort": str(host)}] for name, host in published.items()}
    config: dict[str, Any] = {"ExposedPorts": {f"{port}/tcp": {} for port in exposed}}
    return container("running", 0, NetworkSettings={"Ports": mapped}, Config=config)


@pytest.mark.parametrize(
    ("inspect", "listening", "port", "key", "blanks"),
    [
        (
            ports(p8000=80),
            {("127.0.0.1", 8000)},
            8000,
            "only_on_loopback",
            {"port": 8000, "address": "127.0.0.1"},
        ),
        (ports(p8000=80), {("::1", 8000)}, None, "only_on_loopback", {"port": 8000, "address": "::1"}),
        (ports((8000,)), {(ANY, 8000)}, 8000, "only_exposed", {"port": 8000}),
        (ports(), {(ANY, 8000)}, 8000, "not_published", {"port": 8000}),
        (
            ports(p8080=80),
            {(ANY, 80)},
            80,
            "ports_swapped",
            {"host": 80, "container": 8080, "listening": "80"},
        ),
        (
            ports(p8080=80),
            {(ANY, 80)},
            None,
            "ports_swapped",
            {"host": 80, "container": 8080, "listening": "80"},
        ),
        (ports((80,), p8080=80), {(ANY, 80)}, 80, "ports_swapped", {"host": 80, "container": 8080}),
        (
            ports(p8080=8080),
            {(ANY, 9000)},
            None,
            "published_other_port",
            {"container": 8080, "listening": "9000"},
        ),
        (
            ports(p8080=8080),
            {(ANY, 9000)},
            8080,
            "published_other_port",
            {"container": 8080, "listening": "9000"},
        ),
        (ports(), {(ANY, 9000)}, 80, "listens_elsewhere", {"port": 80, "listening": "9000"}),
        (ports(p80=80), set(), 80, "nothing_listens", {}),
    ],
)
def test_why_it_cannot_be_reached(
    *,
    inspect: dict[str, Any],
    listening: set[tuple[str, int]],
    port: int | None,
    key: str,
    blanks: dict[str, Any],
    expect: Expect,
) -> None:
    """Mistakes 18, 19 and 20 look alike to curl; the sockets and the published ports tell them apart."""
    expect(why_unreachable(inspect, listening, port), key, **blanks)


def test_who_listens_where_it_is_published_can_be_reached() -> None:
    """A port that is published and listened on everywhere has nothing wrong."""
    assert why_unreachable(ports(p80=8080), {(ANY, 80), ("127.0.0.1", 9)}, 80) is None
    assert why_unreachable(ports(p80=8080), {("::", 80)}) is None


@pytest.mark.parametrize(
    ("pid1", "key", "blanks"),
    [
        (["/bin/sh", "-c", "python3 server.py"], "shell_form", {"pid1": "/bin/sh", "seconds": "10.2"}),
        (["/bin/bash", "-c", "x; y"], "shell_form", {"pid1": "/bin/bash"}),
        (["sh", "/run.sh"], "script_keeps_signal", {"script": "/run.sh"}),
        (["/bin/sh", "-e", "/run.sh"], "script_keeps_signal", {"script": "/run.sh"}),
        (["python3", "server.py"], "ignores_stop", {"pid1": "python3 server.py"}),
    ],
)
def test_why_it_had_to_be_killed(pid1: list[str], key: str, blanks: dict[str, str], expect: Expect) -> None:
    """PID 1 tells who did not pass the stop signal on."""
    expect(why_slow_to_stop(pid1, 137, 10.21), key, **blanks)


def test_who_ends_by_itself_is_not_slow() -> None:
    """Exit codes 0 and 143 mean that the stop signal was heard."""
    assert why_slow_to_stop(["/bin/sh", "-c", "x"], 0, 0.2) is None
    assert why_slow_to_stop(["/bin/sh", "-c", "x"], 143, 0.2) is None


def on(name: str, **networks: object) -> dict[str, Any]:
    """Return a running container on these networks."""
    return container("running", 0, Name=f"/{name}", NetworkSettings={"Networks": networks})


@pytest.mark.parametrize(
    ("client", "server", "key", "blanks"),
    [
        (
            on("web", bridge={}),
            on("db", bridge={}),
            "names_on_default_bridge",
            {"client": "web", "name": "db"},
        ),
        (
            on("web", a={}),
            on("db", b={}),
            "no_shared_network",
            {"client": "web", "networks": "a", "others": "b"},
        ),
        (on("web", a={}), on("db"), "no_shared_network", {"others": "-"}),
        (
            on("web", a={}),
            on("kata-db", a={"DNSNames": ["kata-db", "ab" * 6]}),
            "name_not_known",
            {"network": "a", "name": "db", "known": "kata-db"},
        ),
        (on("web", a={}), on("kata-db", a={"Aliases": None}), "name_not_known", {"known": "kata-db"}),
    ],
)
def test_why_a_name_is_not_found(
    client: dict[str, Any], server: dict[str, Any], key: str, blanks: dict[str, str], expect: Expect
) -> None:
    """Two containers find each other by name on a network of their own, under the names it knows."""
    expect(why_no_name(client, server, "db"), key, **blanks)


def test_a_name_or_an_alias_on_a_shared_network_is_found() -> None:
    """The container's name and its aliases are known on a user's network."""
    assert why_no_name(on("web", a={}), on("db", a={"DNSNames": None, "Aliases": []}), "db") is None
    assert why_no_name(on("web", a={}), on("kata-db", a={"Aliases": ["db"]}), "db") is None


def mounted(*mounts: dict[str, str], tmpfs: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a container with these mounts."""
    return container(Mounts=list(mounts), HostConfig={"Tmpfs": dict.fromkeys(tmpfs, "") or None})


@pytest.mark.parametrize(
    ("inspect", "key", "blanks"),
    [
        (mounted(), "no_volume", {"path": "/data/x"}),
        (
            mounted({"Type": "volume", "Name": "v", "Destination": "/dat"}),
            "volume_elsewhere",
            {"mounted": "/dat"},
        ),
        (mounted({"Type": "volume", "Name": "a1" * 32, "Destination": "/data"}), "anonymous_volume", {}),
        (mounted({"Type": "tmpfs", "Destination": "/data"}), "data_in_memory", {}),
        (mounted(tmpfs=("/data",)), "data_in_memory", {}),
        (
            mounted({"Type": "volume", "Name": "v", "Destination": "/data"}, tmpfs=("/data/x",)),
            "data_in_memory",
            {"path": "/data/x"},
        ),
    ],
)
def test_why_data_is_gone(inspect: dict[str, Any], key: str, blanks: dict[str, str], expect: Expect) -> None:
    """What outlives a container is only what lies in a named volume or a folder of the machine."""
    expect(why_data_lost(inspect, "/data/x"), key, **blanks)


@pytest.mark.parametrize("destination", ["/", "/data", "/data/", "/data/x"])
def test_a_named_volume_keeps_what_lies_in_it(destination: str) -> None:
    """A path in a named volume, or in a mounted folder, is not lost."""
    assert why_data_lost(mounted({"Type": "volume", "Name": "v", "Destination": destination}), "/data/x") is None
    assert why_data_lost(mounted({"Type": "bind", "Destination": destination}), "/data/x") is None


def service(name: str, depends_on: str = "") -> dict[str, Any]:
    """Return a container of Compose."""
    labels = {"com.docker.compose.service": name, "com.docker.compose.depends_on": depends_on}
    return container(Name=f"/p-{name}-1", Config={"Labels": labels})


@pytest.mark.parametrize(
    ("depends_on", "key"),
    [
        ("db:service_started:false", "started_is_not_ready"),
        ("cache:service_healthy:true,db:service_started:false", "started_is_not_ready"),
        ("", "depends_on_missing"),
        ("cache:service_healthy:true", "depends_on_missing"),
    ],
)
def test_started_is_not_ready(depends_on: str, key: str, expect: Expect) -> None:
    """A refused connection of a service that waited only for a start is explained by that."""
    answer = why_not_ready(service("web", depends_on), service("db"), lambda: "dial tcp: connection refused")
    expect(answer, key, service="web", needed="db")


def test_who_waited_for_health_or_was_not_refused_has_another_trouble() -> None:
    """Without a refused connection, or with a health condition, readiness is not the cause."""
    assert why_not_ready(service("web", "db:service_started:false"), service("db"), lambda: "KeyError") is None
    healthy = service("web", "db:service_healthy:false")
    assert why_not_ready(healthy, service("db"), lambda: "connection refused") is None


@pytest.mark.docker
class TestContainers:
    """Real containers are made wrong, looked at, and explained."""

    def diagnose(self, desk: Desk, *arguments: str) -> Mistake | None:
        """Start a container, wait until it has ended, and ask why."""
        name = f"{desk.label}-{time.monotonic_ns()}"
        desk.run("-d", "--name", name, *arguments)
        desk.docker("wait", name)
        architecture = desk.docker("version", "--format", "{{.Server.Arch}}").strip()
        return why_not_running(
            desk.inspect(name),
            lambda: desk.logs(name),
            lambda path: desk.read(name, path),
            engine_architecture=architecture,
        )

    def test_10_an_option_behind_the_image(self, desk: Desk, expect: Expect) -> None:
        """The container that was left behind says what was tried as a program, or what the entrypoint got."""
        expect(self.diagnose(desk, "busybox:1", "--name", "web"), "option_after_image", option="--name")

    def test_11_single_quotes(self, desk: Desk, expect: Expect) -> None:
        """A CMD that is no JSON ends with a bracket for a program."""
        desk.build("FROM busybox:1\nCMD ['echo', 'hi']\n", "-t", desk.label)
        expect(self.diagnose(desk, desk.label), "single_quotes")

    @pytest.mark.parametrize(
        ("command", "key", "blanks"),
        [
            ('CMD ["echo" "hi"]', "single_quotes", {}),
            ("CMD [“echo”]", "single_quotes", {}),
            ('CMD ["A=b", "true"]', "only_a_shell", {"program": "A=b"}),
            ('CMD ["export", "A=b"]', "only_a_shell", {"program": "export"}),
            ('ENTRYPOINT echo\nCMD ["hi"]', "only_first_word", {"command": "echo", "rest": "hi"}),
            ('CMD ["sh", "-c", "ls", "/nope"]', "only_first_word", {"command": "ls", "rest": "/nope"}),
            ('CMD ["sh", "-c", "exit 3", "sh"]', "ended_silently", {"code": 3}),
            ('ENTRYPOINT ["ls"]\nCMD ["ls", "/"]', "command_twice", {"program": "ls"}),
            ('ENTRYPOINT ["ls"]\nCMD /nope', "cmd_in_shell_form", {"command": '["ls", "/bin/sh", "-c", "/nope"]'}),
            ('CMD ["ls", "$HOME/x"]', "nobody_fills_in", {"word": "$HOME/x"}),
        ],
    )
    def test_a_command_that_is_another_one(
        self, desk: Desk, expect: Expect, command: str, key: str, blanks: dict[str, object]
    ) -> None:
        """What ENTRYPOINT, CMD and their two forms made of a command is told by what ran."""
        desk.build(f"FROM busybox:1\n{command}\n", "-t", desk.label)
        expect(self.diagnose(desk, desk.label), key, **blanks)

    @pytest.mark.parametrize("form", ['["/ep.sh"]', "/ep.sh"])
    @pytest.mark.parametrize("image", ["busybox:1", "debian:bookworm-slim"])
    @pytest.mark.parametrize(
        ("content", "mode", "key"),
        [
            ("#!/bin/sh\r\necho hi\r\n", 0o755, "crlf"),
            ("#!/bin/sh\nsleep 5\n", 0o644, "not_executable"),
            ("#!/usr/bin/nosuch\n", 0o755, "no_interpreter"),
        ],
    )
    def test_13_14_a_script_that_does_not_start(
        self, desk: Desk, expect: Expect, *, form: str, image: str, content: str, mode: int, key: str
    ) -> None:
        """The file in the container tells why, in exec and in shell form, with dash and with busybox."""
        desk.write("ep.sh", content, mode)
        desk.build(f"FROM {image}\nCOPY ep.sh /ep.sh\nCMD {form}\n", "-t", desk.label)
        expect(self.diagnose(desk, desk.label), key, file="/ep.sh")

    def test_15_no_shebang(self, desk: Desk, expect: Expect) -> None:
        """A script without its first line is not taken for a program of another CPU."""
        desk.write("ep.sh", "echo hi\n", 0o755)
        desk.build('FROM busybox:1\nCOPY ep.sh /ep.sh\nCMD ["/ep.sh"]\n', "-t", desk.label)
        english, korean = expect(self.diagnose(desk, desk.label), "no_shebang", file="/ep.sh")
        assert "does not begin with #!" in english
        assert "#! 로 시작하지 않아요" in korean

    def test_16_a_program_of_another_cpu(self, desk: Desk, expect: Expect) -> None:
        """The program's own header names the CPU it is for."""
        here = desk.docker("version", "--format", "{{.Server.Arch}}").strip()
        other = (ELF_ARM64, "arm64") if here == "amd64" else (ELF_AMD64, "amd64")
        (desk.work / "app").write_bytes(other[0])
        (desk.work / "app").chmod(0o755)
        desk.build('FROM busybox:1\nCOPY app /app\nCMD ["/app"]\n', "-t", desk.label)
        expect(self.diagnose(desk, desk.label), "other_cpu", file="/app", wanted=other[1], here=here)

    def test_17_a_process_that_ends(self, desk: Desk, expect: Expect) -> None:
        """``docker run -d`` of a shell with nothing to do is over at once."""
        english, korean = expect(self.diagnose(desk, "debian:bookworm-slim"), "ended_at_once")
        assert "lives as long as its first process" in english
        assert "첫 프로세스가 살아 있는 동안만" in korean

    def test_an_error_is_quoted(self, desk: Desk, expect: Expect) -> None:
        """Exit code and last words are shown."""
        answer = self.diagnose(desk, "busybox:1", "sh", "-c", "echo no quotes.txt; exit 3")
        expect(answer, "ended", code=3, tail="no quotes.txt")

    @pytest.mark.parametrize(
        ("published", "bound", "port", "key"),
        [
            ("127.0.0.1::8000", "127.0.0.1:8000", 8000, "only_on_loopback"),
            ("", "0.0.0.0:8000", 8000, "only_exposed"),
            ("127.0.0.1:{free}:8000", "0.0.0.0:{free}", None, "ports_swapped"),
            ("127.0.0.1::8000", "0.0.0.0:9000", None, "published_other_port"),
        ],
    )
    def test_18_19_20_a_server_that_is_not_reached(
        self,
        desk: Desk,
        expect: Expect,
        *,
        published: str,
        bound: str,
        port: int | None,
        key: str,
        free_port: int,
    ) -> None:
        """The sockets inside and the ports outside tell the three apart, on a user's network too."""
        desk.docker("network", "create", "--label", f"kata.run={desk.label}", desk.label)
        options = ["--network", desk.label, "--expose", "8000"]
        options += ["-p", published.format(free=free_port)] if published else []
        address, _, number = bound.format(free=free_port).rpartition(":")
        command = f"exec python3 -m http.server --bind {address} {number}"
        desk.run("-d", "--name", desk.label, *options, "python:3.11-slim", "sh", "-c", command)
        listening = wait_for(lambda: self.sockets(desk))
        expect(why_unreachable(desk.inspect(desk.label), listening, port), key)

    def sockets(self, desk: Desk) -> list[tuple[str, int]]:
        """Return where something listens in the container."""
        return sorted(parse_listening(desk.docker("exec", desk.label, "cat", "/proc/net/tcp", "/proc/net/tcp6")))

    def test_12_a_shell_that_keeps_the_stop_signal(self, desk: Desk, expect: Expect) -> None:
        """PID 1 of a shell-form command with more than one step is the shell; it has to be killed."""
        desk.build("FROM debian:bookworm-slim\nCMD sleep 100; true\n", "-t", desk.label)
        desk.run("-d", "--name", desk.label, desk.label)
        cmdline = desk.docker("exec", desk.label, "cat", "/proc/1/cmdline").rstrip("\0").split("\0")
        started = time.monotonic()
        desk.docker("stop", "-t", "1", desk.label)
        code = desk.inspect(desk.label)["State"]["ExitCode"]
        english, korean = expect(
            why_slow_to_stop(cmdline, code, time.monotonic() - started), "shell_form", pid1="/bin/sh"
        )
        assert english.startswith("PID 1 is /bin/sh, a shell that did not pass the stop signal on")
        assert korean.startswith("PID 1이 /bin/sh shell이라서")

    def test_21_names_on_the_default_bridge(self, desk: Desk, expect: Expect) -> None:
        """On the default bridge a name is not found; on a network of one's own it is."""
        web, other = f"{desk.label}-web", f"{desk.label}-db"
        for name in (web, other):
            desk.run("-d", "--name", name, "busybox:1", "sleep", "60")
        answer = why_no_name(desk.inspect(web), desk.inspect(other), other)
        expect(answer, "names_on_default_bridge", client=web, name=other)
        desk.docker("network", "create", "--label", f"kata.run={desk.label}", desk.label)
        desk.docker("network", "connect", desk.label, web)
        expect(why_no_name(desk.inspect(web), desk.inspect(other), other), "names_on_default_bridge")
        desk.docker("network", "connect", desk.label, other)
        assert why_no_name(desk.inspect(web), desk.inspect(other), other) is None
        expect(why_no_name(desk.inspect(web), desk.inspect(other), "db"), "name_not_known", known=other)

    @pytest.mark.parametrize(
        ("options", "key"),
        [
            ((), "no_volume"),
            (("-v", "/data"), "anonymous_volume"),
            (("--tmpfs", "/data"), "data_in_memory"),
            (("--mount", "type=tmpfs,target=/data"), "data_in_memory"),
            (("-v", "/usr:/elsewhere:ro"), "volume_elsewhere"),
        ],
    )
    def test_22_data_that_goes_with_the_container(
        self, desk: Desk, expect: Expect, options: tuple[str, ...], key: str
    ) -> None:
        """What is mounted where tells what is lost."""
        desk.run("-d", "--name", desk.label, *options, "busybox:1", "sleep", "60")
        expect(why_data_lost(desk.inspect(desk.label), "/data/dump.rdb"), key)

    def test_25_started_is_not_ready(self, desk: Desk, expect: Expect) -> None:
        """Compose's own label on the container tells what it waited for."""
        desk.write("compose.yaml", COMPOSE.format(label=desk.label))
        desk.docker("compose", "-p", desk.label, "up", "-d")
        web = f"{desk.label}-web-1"
        desk.docker("wait", web)
        answer = why_not_ready(desk.inspect(web), desk.inspect(f"{desk.label}-db-1"), lambda: desk.logs(web))
        desk.docker("compose", "-p", desk.label, "down", "-v", "-t", "0")
        english, korean = expect(answer, "started_is_not_ready", service="web", needed="db")
        assert "started is not ready" in english
        assert "시작했다고 준비된 것은 아니에요" in korean


def wait_for(look: Callable[[], list[tuple[str, int]]], seconds: float = 10) -> list[tuple[str, int]]:
    """Return what was found, at the latest after ``seconds``."""
    deadline = time.monotonic() + seconds
    found = look()
    while not found and time.monotonic() < deadline:
        time.sleep(0.05)
        found = look()
    return found


COMPOSE = """
services:
  web:
    image: redis:7
    command: redis-cli -h db ping
    labels: {{kata.run: {label}}}
    depends_on: [db]
  db:
    image: redis:7
    command: sh -c "sleep 60"
    labels: {{kata.run: {label}}}
networks:
  default: {{labels: {{kata.run: {label}}}}}
"""
