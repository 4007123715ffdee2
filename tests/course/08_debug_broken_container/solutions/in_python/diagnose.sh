#!/usr/bin/env python3
import re
import subprocess


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)


print(f"exit_code='{docker('wait', 'kata-08-dead').stdout.strip()}'")
print("setting=" + re.search(r"setting (\S+) is missing", docker("logs", "kata-08-dead").stderr)[1])
sockets = docker("exec", "kata-08-silent", "cat", "/proc/net/tcp").stdout.splitlines()[1:]
print("port=" + str(next(int(line.split()[1][-4:], 16) for line in sockets if line.split()[3] == "0A")))
docker("cp", "kata-08-dead:/srv/report.txt", "report.txt")
