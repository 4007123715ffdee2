"""The six checks of exercise 04, as a practitioner writes them for check50."""

import json
import os
import socket
import subprocess
import time

import check50
import pexpect

VALUE = os.environ["BENCH_VALUE"]
BY = os.environ["BENCH_BYSTANDER"]


def docker(*words):
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def inspect(*names):
    return json.loads(docker("inspect", *names))


def bystanders():
    states = [found["State"] for found in inspect(f"{BY}-running", f"{BY}-stopped")]
    return [
        states,
        *(docker(kind, "inspect", name) for kind, name in (("image", f"{BY}:1"), ("volume", BY), ("network", BY))),
    ]


@check50.check()
def exists():
    """both scripts are there"""
    check50.exists("interactive.sh", "run.sh")
    docker("run", "-d", "--name", f"{BY}-running", "--network", "none", "busybox:1", "sleep", "86400")
    docker("create", "--name", f"{BY}-stopped", "busybox:1", "true")
    docker("tag", "busybox:1", f"{BY}:1")
    docker("volume", "create", BY)
    docker("network", "create", "--internal", BY)
    return bystanders()


@check50.check(exists)
def ctrl_c(before):
    """interactive.sh gives you Redis on a real terminal, and Ctrl-C ends it cleanly"""
    shell = pexpect.spawn("bash ./interactive.sh", timeout=20)
    shell.expect("Ready to accept connections")
    name = docker("ps", "-q", "--filter", "ancestor=redis:7")
    config = inspect(name)[0]["Config"]
    if not (config["Tty"] and config["OpenStdin"]):
        raise check50.Failure("no terminal")
    shell.sendcontrol("c")
    shell.expect(pexpect.EOF)
    shell.close()
    if shell.exitstatus != 0:
        raise check50.Mismatch("0", str(shell.exitstatus))
    return before


@check50.check(ctrl_c)
def keeps_running(before):
    """run.sh comes back, and Redis keeps running"""
    subprocess.run(
        ["bash", "./run.sh"], env={**os.environ, "KATA_VALUE": VALUE}, check=True, timeout=30, capture_output=True
    )
    if inspect("kata-04-redis")[0]["State"]["Status"] != "running" or ask("ping") != "PONG":
        raise check50.Failure("not running")
    return before


def ask(*words):
    return docker("exec", "kata-04-redis", "redis-cli", *words)


@check50.check(keeps_running)
def loopback(before):
    """Redis answers on a port of this machine, and of this machine only"""
    (binding,) = inspect("kata-04-redis")[0]["NetworkSettings"]["Ports"]["6379/tcp"]
    if binding["HostIp"] != "127.0.0.1":
        raise check50.Failure("published to everyone")
    with socket.create_connection(("127.0.0.1", int(binding["HostPort"])), timeout=2) as door:
        door.sendall(b"PING\r\n")
        if door.recv(100) != b"+PONG\r\n":
            raise check50.Failure("no answer")
    return before


@check50.check(loopback)
def value(before):
    """your value is in there"""
    if ask("get", "greeting") != VALUE:
        raise check50.Mismatch(VALUE, ask("get", "greeting"))
    return before


@check50.check(value)
def stops(before):
    """it stops within 3 s with exit code 0, and starts again with the value still inside"""
    docker("stop", "-t", "3", "kata-04-redis")
    if inspect("kata-04-redis")[0]["State"]["ExitCode"] != 0:
        raise check50.Failure("did not stop well")
    docker("start", "kata-04-redis")
    deadline = time.monotonic() + 10
    while ask("ping") != "PONG" and time.monotonic() < deadline:
        time.sleep(0.02)
    if ask("get", "greeting") != VALUE:
        raise check50.Failure("value is lost")
    return before


@check50.check(stops)
def nothing_else(before):
    """nothing else on your machine was touched"""
    if bystanders() != before:
        raise check50.Failure("something else was touched")
    docker("rm", "-fv", f"{BY}-running", f"{BY}-stopped", "kata-04-redis")
    docker("rmi", f"{BY}:1")
    docker("volume", "rm", BY)
    docker("network", "rm", BY)
