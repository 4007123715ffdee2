#!/usr/bin/env python3
import json
import subprocess
import sys


def look(*names):
    asked = ["docker", "image", "inspect", *names]
    return json.loads(subprocess.run(asked, capture_output=True, text=True).stdout or "[]")


red, blue = (image for name in ("kata-02-red", "kata-02-blue") for image in look(name))
cached = bool(look("hello-world"))
sys.stderr.write(f"looking at {red['RepoTags']} and {blue['RepoTags']}\n")
print(f'HELLO_WORLD_CACHED="{"Yes" if cached else "No"}"\r')
print(f"shared_layers = {len(set(red['RootFS']['Layers']) & set(blue['RootFS']['Layers']))}")
print("blue_layers=%5d layers" % len(blue["RootFS"]["Layers"]))
print("red_layers=%5d" % len(red["RootFS"]["Layers"]))
print(f"red-id='{red['Id'].removeprefix('sha256:')[:12].upper()}'")
print(f"export blue_id={blue['Id'][:30]}")
print("that=all")
