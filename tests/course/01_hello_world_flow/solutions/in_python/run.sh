#!/usr/bin/env python3
import subprocess
from pathlib import Path

for name in ("cold.txt", "warm.txt"):
    done = subprocess.run(
        ["docker", "container", "run", "--rm", "hello-world:latest"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    Path(name).write_bytes(b"$ docker container run --rm hello-world:latest\n" + done.stdout)
