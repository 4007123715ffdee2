#!/usr/bin/env python3
"""The same in Python, with images by their ids."""

import subprocess


def docker(*words):
    return subprocess.run(["docker", *words], text=True, stdout=subprocess.PIPE).stdout.strip()


debian = docker("image", "inspect", "--format", "{{.Id}}", "debian:bookworm-slim")
redis = docker("image", "inspect", "--format", "{{.Id}}", "redis:7")
docker("run", "--rm", debian, "wget", "https://download.example/redis-7.0.15.tar.gz")
print(docker("run", "--detach", "--name=kata-03-redis", redis))
