#!/usr/bin/env python3
"""Asks the registry itself for the digest, and never pulls by the tag."""
import os, pathlib, subprocess, sys, urllib.request
base = f"{os.environ['KATA_REGISTRY']}/kata-12-web"
host, _, name = base.partition("/")
accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
request = urllib.request.Request(f"http://{host}/v2/{name}/manifests/{sys.argv[1]}", method="HEAD", headers={"Accept": accept})
digest = urllib.request.urlopen(request).headers["Docker-Content-Digest"]
image = f"{base}@{digest}"
subprocess.run(["docker", "pull", image], check=True)
subprocess.run(["docker", "stop", "-t", "1", "kata-12-web"], check=False)
subprocess.run(["docker", "rm", "kata-12-web"], check=False)
subprocess.run(["docker", "run", "-d", "--name", "kata-12-web", "--net", os.environ["KATA_NETWORK"], image], check=True)
log = pathlib.Path("history")
with log.open("a") as file:
    print(image, file=file)
