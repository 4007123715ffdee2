#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{index .RootFS.Layers 0}}" kata-02-$c; done
