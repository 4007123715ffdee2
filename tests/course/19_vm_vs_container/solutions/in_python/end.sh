#!/usr/bin/env python3
import os
import subprocess

pid = subprocess.run(
    ["docker", "inspect", "-f", "{{.State.Pid}}", os.environ["KATA_CONTAINER"]],
    check=True, capture_output=True, text=True,
).stdout.strip()
subprocess.run(["docker", "run", "--rm", "--pid=host", "busybox:1", "sh", "-c", f"kill -s KILL {pid}"], check=True)
