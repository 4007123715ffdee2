#!/usr/bin/env python3
"""The base by its ID, b ended by a kill, and the note baked in by RUN."""

import pathlib
import subprocess


def docker(*words, text=None):
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True, input=text)
    return done.stdout.strip()


image = docker("inspect", "--format", "{{.Image}}", "kata-05-a")
docker("kill", "kata-05-b")
docker("cp", "kata-05-b:/note", "b.txt")
note = pathlib.Path("b.txt").read_text().strip()
docker("build", "-t", "kata-05-noted", "-", text=f"FROM kata-05-base\nLABEL who=b\nRUN echo {note} > /note\n")
docker("start", "kata-05-b")
docker("rm", "--force", "kata-05-a")
docker("run", "-d", "--name", "kata-05-a", image)
docker("run", "-d", "--name", "kata-05-d", docker("image", "inspect", "-f", "{{.Id}}", "kata-05-noted"))
