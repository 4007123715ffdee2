"""The six checks of exercise 04, as a practitioner writes them with pytest, docker-py, testcontainers and pexpect."""

import os
import secrets
import shutil
import socket
import subprocess
import time

import docker
import pexpect
import pytest
from testcontainers.core.container import DockerContainer

VALUE = f"annyeong-{secrets.token_hex(5)}"
BY = f"bench-bystander-{os.getpid()}"


@pytest.fixture(scope="module")
def client():
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module", autouse=True)
def bystanders(client):
    running = DockerContainer("busybox:1", network_mode="none").with_command("sleep 86400").start()
    stopped = client.containers.create("busybox:1", ["true"], name=f"{BY}-stopped")
    client.images.get("busybox:1").tag(BY, "1")
    volume = client.volumes.create(BY)
    network = client.networks.create(BY, internal=True)

    def look():
        ids = (running.get_wrapped_container().id, stopped.id)
        containers = [client.api.inspect_container(id_)["State"] for id_ in ids]
        return containers, client.images.get(f"{BY}:1").id, client.volumes.get(BY).id, client.networks.get(BY).id

    yield look, look()
    running.stop()
    stopped.remove(v=True)
    client.images.remove(f"{BY}:1")
    volume.remove()
    network.remove()


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "work"
    shutil.copytree(os.environ["WORK"], folder)
    return folder


@pytest.fixture(scope="module")
def redis(client, work):
    subprocess.run(["./run.sh"], cwd=work, env={**os.environ, "KATA_VALUE": VALUE}, check=True, timeout=30)
    container = client.containers.get("kata-04-redis")
    yield container
    container.remove(force=True, v=True)


def ask(container, *words):
    return container.exec_run(["redis-cli", *words]).output.decode().strip()


def test_ctrl_c_ends_it_cleanly(client, work):
    shell = pexpect.spawn(str(work / "interactive.sh"), cwd=str(work), timeout=20)
    shell.expect("Ready to accept connections")
    container = client.containers.list(filters={"ancestor": "redis:7"})[0]
    config = client.api.inspect_container(container.id)["Config"]
    assert (config["Tty"], config["OpenStdin"]) == (True, True)
    shell.sendcontrol("c")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0


def test_keeps_running(redis):
    assert redis.status == "running"
    assert ask(redis, "ping") == "PONG"


def test_answers_on_this_machine_only(redis):
    (binding,) = redis.attrs["NetworkSettings"]["Ports"]["6379/tcp"]
    assert binding["HostIp"] == "127.0.0.1"
    with socket.create_connection(("127.0.0.1", int(binding["HostPort"])), timeout=2) as door:
        door.sendall(b"PING\r\n")
        assert door.recv(100) == b"+PONG\r\n"


def test_remembers_the_value(redis):
    assert ask(redis, "get", "greeting") == VALUE


def test_stops_and_starts_again(redis):
    redis.stop(timeout=3)
    redis.reload()
    assert redis.attrs["State"]["ExitCode"] == 0
    redis.start()
    deadline = time.monotonic() + 10
    while ask(redis, "ping") != "PONG" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ask(redis, "get", "greeting") == VALUE


def test_touches_nothing_else(redis, bystanders):
    look, before = bystanders
    assert look() == before
