#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{.Id}}" kata-02-$c; done
for c in red blue; do docker image inspect --format "${c}_layers={{len .RootFS.Layers}}" kata-02-$c; done
echo shared_layers=1
