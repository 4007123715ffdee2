#!/usr/bin/env python3
import io
import json
import subprocess
import sys
import tarfile

saved = subprocess.check_output(["docker", "save", sys.argv[1]])
with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
    manifest = json.load(archive.extractfile("manifest.json"))
    config = json.load(archive.extractfile(manifest[0]["Config"]))
print(f"{config['os']}/{config['architecture']}")
