"""What an image of the catalogue has to hold, be it the one on Docker Hub or a stand-in of ours."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from checker.image import catalogue, provide

if TYPE_CHECKING:
    from checker.engine import Engine
    from tests.image.conftest import Docker

pytestmark = pytest.mark.docker

SITE_TEXT = "a page of mine"


@pytest.fixture(scope="module", autouse=True)
def _provided(engine: Engine) -> None:
    provide(engine, lambda _: None)


def config(docker: Docker, image: str) -> dict[str, Any]:
    """Return an image's configuration."""
    inspected = json.loads(docker.output("image", "inspect", image))[0]["Config"]
    assert isinstance(inspected, dict)
    return inspected


def layers(docker: Docker, image: str) -> list[str]:
    """Return the digests of an image's layers, the lowest first."""
    found = json.loads(docker.output("image", "inspect", image))[0]["RootFS"]["Layers"]
    assert isinstance(found, list)
    return found


# ── hello-world ──────────────────────────────────────────────────────────────────────────────────────────


def test_hello_world_greets_and_ends_well(docker: Docker) -> None:
    """hello-world says "Hello from Docker!" on a line of its own and exits with 0."""
    assert "Hello from Docker!" in docker.run("hello-world").splitlines()


def test_hello_world_is_one_layer_without_a_shell(docker: Docker) -> None:
    """hello-world is one layer, and there is no shell in it."""
    docker.run("hello-world")
    assert len(layers(docker, "hello-world")) == 1
    assert docker("run", "--rm", "--label", docker.label, "hello-world", "sh").returncode == 127


# ── debian:bookworm-slim ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("program", ["wget", "curl", "make", "gcc", "cc", "python3"])
def test_debian_lacks_what_the_web_page_takes_for_granted(docker: Docker, program: str) -> None:
    """Exercise 03 stands on this: the program is not there, and calling it ends with 127."""
    called = docker("run", "--rm", "--label", docker.label, "debian:bookworm-slim", "sh", "-c", program)
    assert called.returncode == 127


@pytest.mark.parametrize("program", ["sh", "bash", "apt-get", "getent", "perl", "setpriv", "useradd", "find"])
def test_debian_has_what_belongs_to_every_debian(docker: Docker, program: str) -> None:
    """The program is there."""
    assert docker.run("debian:bookworm-slim", "sh", "-c", f"command -v {program}").strip()


def test_debian_is_complete_and_of_one_layer(docker: Docker) -> None:
    """All packages are set up, it is really bookworm, other users may use it, and it is one layer."""
    script = "dpkg --audit; . /etc/os-release; echo $VERSION_CODENAME; stat -c %a / /tmp"
    assert docker.run("--user", "1234", "debian:bookworm-slim", "sh", "-c", script).split() == [
        "bookworm",
        "755",
        "1777",
    ]
    assert len(layers(docker, "debian:bookworm-slim")) == 1


# ── busybox:1 ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("program", ["sh", "sleep", "wget", "nc", "tar", "ps", "httpd", "vi", "nslookup", "env"])
def test_busybox_has_its_commands(docker: Docker, program: str) -> None:
    """The command is there under its own name, for an ordinary user too."""
    assert docker.run("--user", "1234", "busybox:1", "sh", "-c", f"command -v {program}").strip()


def test_busybox_starts_a_shell(docker: Docker) -> None:
    """Without a command busybox:1 is a shell that reads what it is told."""
    assert docker.run("busybox:1", text="echo $((6 * 7)); ps | grep -c sh").split()[0] == "42"


def test_busybox_finds_and_ends_processes(docker: Docker) -> None:
    """It has pgrep and pkill, which find neither themselves nor what is not there."""
    script = """sleep 86400 & sleep 3600 &
        for _ in $(seq 100); do found=$(pgrep -x sleep | wc -l); [ "$found" = 2 ] && break; done  # they begin as sh
        echo "$found"; [ "$(pgrep -o sleep)" = "$(pgrep sleep | head -n 1)" ] && echo oldest
        pkill -9 sleep; wait; pgrep sleep || echo nobody"""
    assert docker.run("busybox:1", "sh", "-c", script).split() == ["2", "oldest", "nobody"]


def test_busybox_packs_and_unpacks(docker: Docker) -> None:
    """What tar packs, it unpacks: it keeps what it is given."""
    script = "cd /tmp; echo kept > a; tar -cf a.tar a; rm a; tar -xf a.tar; cat a"
    assert docker.run("busybox:1", "sh", "-c", script) == "kept\n"


def test_busybox_wget_finds_another_container_by_name(docker: Docker, site: str) -> None:
    """On a network of our own wget resolves a container's name and fetches a page from it."""
    assert docker.run("--network", f"container:{site}", "busybox:1", "wget", "-qO-", "http://localhost/") == SITE_TEXT
    network = docker.network()
    docker.output("network", "connect", "--alias", "web", network, site)
    assert docker.run("--network", network, "busybox:1", "wget", "-qO-", "http://web/") == SITE_TEXT


def test_busybox_nc_talks(docker: Docker, site: str) -> None:
    """A request is carried by nc, by hand."""
    request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 80"
    assert SITE_TEXT in docker.run("--network", f"container:{site}", "busybox:1", "sh", "-c", request)


@pytest.mark.parametrize("network", ["none", "host", "default"])
def test_busybox_wget_survives_a_name_that_nobody_knows(docker: Docker, engine: Engine, network: str) -> None:
    """An unknown name is an error of wget's, not a crash, in a RUN step on any network.

    A static program that looks up names can crash where it has to load what its libc lacks.
    """
    del engine
    dockerfile = (
        "FROM busybox:1\n"
        f"RUN echo {secrets.token_hex(4)}; wget -T 5 -qO- http://no-such-name.invalid/; test $? -eq 1\n"
        "RUN wget -T 5 -qO- http://localhost:9/; test $? -eq 1\n"
    )
    built = docker("build", "--quiet", "--network", network, "--label", docker.label, "-", text=dockerfile)
    assert built.returncode == 0, built.stderr
    docker.output("image", "rm", "--force", built.stdout.strip())


@pytest.fixture
def site(docker: Docker) -> str:
    """A container that serves one page."""
    serve = f"mkdir /w; printf %s '{SITE_TEXT}' > /w/index.html; exec httpd -f -p 80 -h /w"
    container = docker.start("busybox:1", "sh", "-c", serve)
    docker.until(lambda: docker("exec", container, "wget", "-qO-", "http://127.0.0.1/").returncode == 0, "httpd serves")
    return container


# ── python:3.11-slim ─────────────────────────────────────────────────────────────────────────────────────


def test_python_is_what_its_tag_says(docker: Docker) -> None:
    """Both python and python3 are a whole Python 3.11, and python3 is the command that is run."""
    say = "import sys, ssl, sqlite3, ctypes, lzma, zoneinfo; print(*sys.version_info[:2], sys.prefix)"
    for program in ("python", "python3"):
        assert docker.run("python:3.11-slim", program, "-c", say).split() == ["3", "11", "/usr/local"]
    assert docker.run("python:3.11-slim", text="print(6 * 7)").split() == ["42"]
    assert any(entry.startswith("PYTHON_VERSION=3.11.") for entry in config(docker, "python:3.11-slim")["Env"])


def test_python_lets_pip_install(docker: Docker) -> None:
    """Nothing marks the installation as managed by another than pip (PEP 668)."""
    script = "find / -xdev -name EXTERNALLY-MANAGED; useradd --create-home learner; su learner -c 'python3 -c 1'"
    assert docker.run("python:3.11-slim", "sh", "-c", script) == ""


WHEEL = """
import zipfile, pathlib
pathlib.Path("/wheels").mkdir()
with zipfile.ZipFile("/wheels/greeter-1.0-py3-none-any.whl", "w") as wheel:
    about = "greeter-1.0.dist-info"
    wheel.writestr("greeter.py", "def main(): print('installed')")
    wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\\nName: greeter\\nVersion: 1.0\\n")
    wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{about}/entry_points.txt", "[console_scripts]\\ngreet = greeter:main\\n")
    wheel.writestr(f"{about}/RECORD", "")
"""


@pytest.mark.parametrize(
    "install",
    [
        "pip install --quiet --no-index --find-links /wheels greeter && greet",
        "pip3 install --quiet --user --no-index --find-links /wheels greeter && ~/.local/bin/greet",
        "python -m venv /v && /v/bin/pip install -q --no-index -f /wheels greeter && /v/bin/greet",
        "pip install -q --prefix=/p --no-index -f /wheels greeter && cp -r /p/. /usr/local && greet",
    ],
)
def test_python_installs_a_wheel_without_a_network(docker: Docker, install: str) -> None:
    """Out of a folder pip installs, in each of the ways that Dockerfiles use, and the program runs."""
    script = f"python3 /dev/stdin && {install} 2>&1"
    assert docker.run("--network", "none", "python:3.11-slim", "sh", "-c", script, text=WHEEL).endswith("installed\n")


# ── redis:7 ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def redis(docker: Docker) -> str:
    """A container of redis:7 that answers."""
    container = docker.start("redis:7")
    ready(docker, container)
    return container


def ready(docker: Docker, container: str) -> None:
    """Wait until Redis answers in a container."""
    docker.until(lambda: ask(docker, container, "PING") == "PONG", "Redis answers")


def ask(docker: Docker, container: str, *command: str) -> str:
    """Ask Redis in its own container."""
    return docker("exec", container, "redis-cli", *command).stdout.strip()


def test_redis_is_configured_as_learners_read_everywhere(docker: Docker) -> None:
    """Command redis-server, a volume and the working directory at /data, port 6379."""
    found = config(docker, "redis:7")
    assert (found["Cmd"], found["WorkingDir"]) == (["redis-server"], "/data")
    assert "/data" in found["Volumes"]
    assert "6379/tcp" in found["ExposedPorts"]


def test_redis_is_version_seven(docker: Docker, redis: str) -> None:
    """The server says that it is 7."""
    assert "redis_version:7." in ask(docker, redis, "INFO", "server")


def test_redis_gives_up_root(docker: Docker, redis: str) -> None:
    """PID 1 is redis-server itself, as user 999 and without capabilities."""
    status = docker.output("exec", redis, "cat", "/proc/1/status")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert fields["Name"].strip() == "redis-server"
    assert set(fields["Uid"].split()) == {"999"}
    assert int(fields["CapEff"], 16) == 0


def test_redis_answers_other_containers(docker: Docker, redis: str) -> None:
    """A client in another container reaches it by name, with nothing configured."""
    network = docker.network()
    docker.output("network", "connect", "--alias", "cache", network, redis)
    assert docker.run("--network", network, "redis:7", "redis-cli", "-h", "cache", "PING") == "PONG\n"


def test_redis_keeps_its_data_over_a_stop(docker: Docker, redis: str) -> None:
    """Asked to stop it saves, says so on its stdout, exits with 0 within 3 s, and starts with the data."""
    value = secrets.token_hex(8)
    ask(docker, redis, "SET", "kept", value)
    docker.output("stop", "--time", "3", redis)
    assert docker.output("inspect", "--format", "{{.State.ExitCode}}", redis).strip() == "0"
    assert "DB saved on disk" in docker.output("logs", redis)
    docker.output("start", redis)
    ready(docker, redis)
    assert ask(docker, redis, "GET", "kept") == value


def test_redis_takes_options_of_the_server_as_its_command(docker: Docker) -> None:
    """What starts with a dash goes to the server: ``docker run redis:7 --appendonly yes``."""
    container = docker.start("redis:7", "--appendonly", "yes", "--maxmemory", "10mb")
    ready(docker, container)
    assert ask(docker, container, "CONFIG", "GET", "appendonly").split() == ["appendonly", "yes"]
    assert docker.output("exec", container, "stat", "-c", "%U", "/data/appendonlydir").strip() == "redis"


def test_redis_reads_a_settings_file(docker: Docker) -> None:
    """A settings file as the first argument is read, and options behind it still count."""
    write = "echo maxclients 77 > /tmp/r.conf; exec docker-entrypoint.sh redis-server /tmp/r.conf --maxmemory 9mb"
    container = docker.start("redis:7", "sh", "-c", write)
    ready(docker, container)
    assert ask(docker, container, "CONFIG", "GET", "maxclients").split()[-1] == "77"
    assert ask(docker, container, "CONFIG", "GET", "maxmemory").split()[-1] == "9437184"


def test_redis_can_be_started_as_another_user(docker: Docker) -> None:
    """``--user`` is respected: the entrypoint does not need root."""
    container = docker.start("--user", "999:999", "--cap-drop", "ALL", "redis:7")
    ready(docker, container)
    assert "redis_version:7." in ask(docker, container, "INFO", "server")
    assert docker.run("redis:7", "redis-server", "--version").startswith("Redis server v=7.")


# ── nginx:1.22 ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def nginx(docker: Docker) -> str:
    """A container of nginx:1.22 that serves."""
    container = docker.start("nginx:1.22")
    docker.until(lambda: "HTTP/1.1 200" in page(docker, container, "/"), "nginx serves")
    return container


def page(docker: Docker, container: str, path: str) -> str:
    """Fetch a page from a container's port 80, headers first."""
    network = f"container:{container}"
    request = f"printf 'GET {path} HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n' | nc 127.0.0.1 80"
    arguments = (
        "run",
        "--rm",
        "--label",
        docker.label,
        "--network",
        network,
        "busybox:1",
        "sh",
        "-c",
        request,
    )
    return docker(*arguments).stdout


def test_nginx_serves_what_lies_in_its_folder(docker: Docker, nginx: str) -> None:
    """Port 80 serves /usr/share/nginx/html, with a page of its own to begin with."""
    assert "nginx" in page(docker, nginx, "/")
    docker.output("exec", nginx, "sh", "-c", f"echo '{SITE_TEXT}' > /usr/share/nginx/html/mine.html")
    assert SITE_TEXT in page(docker, nginx, "/mine.html")
    assert "80/tcp" in config(docker, "nginx:1.22")["ExposedPorts"]


def test_nginx_reads_conf_d(docker: Docker, nginx: str) -> None:
    """Servers are defined in /etc/nginx/conf.d, where default.conf is; nowhere else is one."""
    server = "server { listen 80; location / { return 200 replaced; } }"
    docker.output("exec", nginx, "sh", "-c", f"echo '{server}' > /etc/nginx/conf.d/default.conf && nginx -s reload")
    docker.until(lambda: page(docker, nginx, "/").endswith("replaced"), "nginx serves by the new settings")


def test_nginx_is_version_one_twenty_two(docker: Docker, nginx: str) -> None:
    """The server says that it is 1.22."""
    assert "Server: nginx/1.22." in page(docker, nginx, "/")


def test_nginx_logs_to_docker(docker: Docker, nginx: str) -> None:
    """Requests appear in ``docker logs``."""
    word = secrets.token_hex(4)
    page(docker, nginx, f"/{word}")
    docker.until(lambda: f"GET /{word}" in docker.output("logs", nginx), "the request appears in docker logs")


def test_nginx_stops_at_once(docker: Docker, nginx: str) -> None:
    """The server is PID 1, in the foreground, and exits with 0 when asked to stop."""
    docker.output("stop", "--time", "5", nginx)
    assert docker.output("inspect", "--format", "{{.State.ExitCode}}", nginx).strip() == "0"


# ── registry:2 ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def registry(docker: Docker) -> str:
    """A container of registry:2 that answers, in which images may be deleted."""
    container = docker.start(
        "--env", "REGISTRY_STORAGE_DELETE_ENABLED=true", "--publish", "127.0.0.1::5000", "registry:2"
    )
    docker.until(lambda: "HTTP/1.1 200" in ask_registry(docker, container, "GET", "/v2/"), "the registry answers")
    return container


def ask_registry(docker: Docker, container: str, method: str, path: str) -> str:
    """Send one request to the registry in a container and return its answer, headers first."""
    kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    request = f"{method} {path} HTTP/1.1\\r\\nHost: r\\r\\nAccept: {kinds}\\r\\nConnection: close\\r\\n\\r\\n"
    command = f"printf '{request}' | nc 127.0.0.1 5000"
    network = f"container:{container}"
    arguments = (
        "run",
        "--rm",
        "--label",
        docker.label,
        "--network",
        network,
        "busybox:1",
        "sh",
        "-c",
        command,
    )
    return docker(*arguments).stdout


def test_registry_takes_an_image_and_deletes_it(docker: Docker, registry: str) -> None:
    """What is pushed to port 5000 lies below /var/lib/registry, and can be deleted if that is switched on."""
    port = docker.output("port", registry, "5000").split(":")[-1].strip()
    name = f"localhost:{port}/kept:1"
    docker.output("tag", "busybox:1", name)
    try:
        docker.output("push", "--quiet", name)
    finally:
        docker.output("image", "rm", name)
    assert "kept" in docker.output("exec", registry, "ls", "/var/lib/registry/docker/registry/v2/repositories")
    answer = ask_registry(docker, registry, "HEAD", "/v2/kept/manifests/1")
    digest = next(line.split(": ")[1] for line in answer.splitlines() if line.startswith("Docker-Content-Digest"))
    assert "202 Accepted" in ask_registry(docker, registry, "DELETE", f"/v2/kept/manifests/{digest}")
    collect = ("registry", "garbage-collect", "/etc/docker/registry/config.yml")
    assert docker("exec", registry, *collect).returncode == 0


def test_registry_is_configured_as_learners_read_everywhere(docker: Docker) -> None:
    """A volume at /var/lib/registry, and port 5000."""
    found = config(docker, "registry:2")
    assert "/var/lib/registry" in found["Volumes"]
    assert "5000/tcp" in found["ExposedPorts"]


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [image.name for image in catalogue() if image.name != "hello-world"])
def test_nothing_of_the_outside_stays_in_an_image(docker: Docker, name: str) -> None:
    """No package file, no package list and no proxy of the machine that made it is left in an image."""
    script = "find / -xdev -name '*.deb' -o -xdev -path '/var/lib/apt/lists/*_Packages*'; env"
    said = docker.run("--entrypoint", "sh", name, "-c", script)
    assert ".deb" not in said
    assert "_Packages" not in said
    assert "proxy" not in " ".join(config(docker, name)["Env"]).lower()
