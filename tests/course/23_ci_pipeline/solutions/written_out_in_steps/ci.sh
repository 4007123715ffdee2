#!/usr/bin/env python3
import os
import subprocess


def run(*words):
    subprocess.run(words, check=True)


commit = os.environ["GITHUB_SHA"]
name = f"{os.environ['KATA_REGISTRY']}/kata-23-app"
run("docker", "build", "-t", f"{name}:{commit}", "-t", f"{name}:latest", ".")
run("docker", "run", "--rm", "--network", "none", f"{name}:{commit}", "python3", "-m", "unittest", "-v")
run("docker", "push", f"{name}:{commit}")
if os.environ["GITHUB_REF"] == "refs/heads/main":
    run("docker", "push", f"{name}:latest")
    subprocess.run(["docker", "rm", "-f", "kata-23-site"], check=False)
    run("docker", "run", "-d", "--name", "kata-23-site", "--restart", "unless-stopped", f"{name}:{commit}")
