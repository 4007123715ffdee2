#!/usr/bin/env python3
"""Copies without names, known to nginx by their addresses; those that are too many go, the oldest first."""

import json
import pathlib
import subprocess
import sys

NETWORK, PROXY, COPY = "kata-17-inside", "kata-17-door", "copy-of=web"
START = ["run", "-d", "--label", COPY, "--network", NETWORK, "-v", f"{pathlib.Path.cwd()}/app:/srv:ro", "-w", "/srv"]


def docker(*words: str, check: bool = True) -> str:
    return subprocess.run(["docker", *words], check=check, text=True, stdout=subprocess.PIPE).stdout


def copies() -> list[str]:
    return docker("ps", "-q", "--no-trunc", "--filter", f"label={COPY}").split()


def address(copy: str) -> str:
    return json.loads(docker("inspect", copy))[0]["NetworkSettings"]["Networks"][NETWORK]["IPAddress"]


wanted = int(sys.argv[1])
if not docker("network", "ls", "-q", "--filter", f"name=^{NETWORK}$"):
    docker("network", "create", NETWORK)
for _ in range(wanted - len(copies())):
    docker(*START, "python:3.11-slim", "python3", "-c", "import runpy; runpy.run_path('server.py', run_name='__main__')")
kept, too_many = copies()[:wanted], copies()[wanted:]

conf = pathlib.Path("conf")
conf.mkdir(exist_ok=True)
servers = "".join(f"  server {address(copy)}:8000 max_fails=1 fail_timeout=3s;\n" for copy in kept)
site = "server { listen 8080; location / { proxy_pass http://all; proxy_connect_timeout 1s; } }\n"
(conf / "default.conf").write_text(f"upstream all {{\n  least_conn;\n{servers}}}\n{site}")
if docker("ps", "-q", "--filter", f"name=^{PROXY}$"):
    docker("kill", "--signal", "HUP", PROXY)
else:
    docker("run", "-d", "--name", PROXY, "--network", NETWORK, "-p", "127.0.0.1::8080", "-v", f"{conf.resolve()}:/etc/nginx/conf.d:ro", "nginx:1.22")
if too_many:
    docker("rm", "-f", *too_many)
