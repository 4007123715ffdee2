#!/usr/bin/env python3
"""The notes go in as tar archives, through docker cp's standard input; the base is made anew first."""

import io
import os
import subprocess
import tarfile

subprocess.run(["./prepare.sh"], check=True)
for name in "abc":
    container = f"kata-05-{name}"
    subprocess.run(["docker", "run", "-dit", "--name", container, "kata-05-base"], check=True)
    text = os.environ[f"NOTE_{name.upper()}"].encode() + b"\r\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("note")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    subprocess.run(["docker", "cp", "-", f"{container}:/"], input=packed.getvalue(), check=True)
