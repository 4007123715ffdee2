#!/usr/bin/env python3
import json
import os
import re
import subprocess
import time
from pathlib import Path


def docker(*words):
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


name = os.environ["KATA_CONTAINER"]
print(f"kernel_debian={docker('run', '--rm', 'debian:bookworm-slim', 'uname', '-r')}")
begun = time.monotonic()
print(f"kernel_busybox={docker('run', '--rm', 'busybox:1', 'uname', '-r')}")
print(f"container_seconds={time.monotonic() - begun:.3f}")
table = docker("top", name, "-o", "pid,ppid,args").splitlines()[1:]
print(f"pid_outside={next(row.split()[0] for row in table if os.environ['KATA_WORD'] in row)}")
print(f"pid_inside={docker('exec', name, 'sh', '-c', 'grep ^NSpid /proc/1/status').split()[-1]}")
print(f"vm_seconds={re.search(r'([0-9.]+) s .* login:', Path(os.environ['KATA_LOG']).read_text())[1]}")
json.loads(docker("inspect", name))
