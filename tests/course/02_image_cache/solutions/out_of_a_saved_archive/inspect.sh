#!/bin/sh
# looks into what docker save writes, and never asks docker image inspect about layers
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
docker save kata-02-red kata-02-blue | tar -x -C "$folder"
python3 - "$folder" <<'PYTHON'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
layers = {}
for image in json.loads((folder / "manifest.json").read_text()):
    colour = image["RepoTags"][0].split(":")[0].rsplit("-", 1)[1]
    config = json.loads((folder / image["Config"]).read_text())
    layers[colour] = config["rootfs"]["diff_ids"]
    print(f"{colour}_id =", pathlib.Path(image["Config"]).name.removesuffix(".json"))
    print(f"{colour}_layers =", len(layers[colour]))
print("shared_layers =", len(set(layers["red"]) & set(layers["blue"])))
PYTHON
# a run that may not pull tells whether it is there
if docker run --rm --pull never hello-world >/dev/null 2>&1; then echo "hello_world_cached = TRUE"; else echo "hello_world_cached = FALSE"; fi
