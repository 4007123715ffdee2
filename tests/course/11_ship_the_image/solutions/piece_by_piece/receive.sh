#!/usr/bin/env python3
"""Fetches the image piece by piece, as docker pull does, and hands it to docker load."""
import hashlib, io, json, os, subprocess, sys, tarfile, urllib.request

if sys.argv[1] == "registry":
    at = f"http://{os.environ['KATA_REGISTRY']}/v2/kata-11-app"
    kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    get = lambda path: urllib.request.urlopen(urllib.request.Request(at + path, headers={"Accept": kinds})).read()
    manifest = json.loads(get("/manifests/1.0"))
    files = {"config.json": get(f"/blobs/{manifest['config']['digest']}")}
    for n, layer in enumerate(manifest["layers"]):
        files[f"{n}.tar"] = get(f"/blobs/{layer['digest']}")
    files["manifest.json"] = json.dumps([{"Config": "config.json", "RepoTags": ["kata-11-app:1.0"], "Layers": [f"{n}.tar" for n in range(len(manifest["layers"]))]}]).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name); entry.size = len(content); archive.addfile(entry, io.BytesIO(content))
    packed = packed.getvalue()
else:
    packed = open("out/app.tar", "rb").read()
subprocess.run(["docker", "load"], input=packed, check=True)
subprocess.run(["docker", "run", "--rm", "kata-11-app:1.0"], check=True)
