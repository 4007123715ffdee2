#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{.Id}}" kata-02-$c; done
for c in red blue; do docker image inspect --format "${c}_layers={{len .RootFS.Layers}}" kata-02-$c; done
red=$(docker images -q kata-02-red) blue=$(docker images -q kata-02-blue)
if [ "$red" = "$blue" ]; then echo shared_layers=1; else echo shared_layers=0; fi
