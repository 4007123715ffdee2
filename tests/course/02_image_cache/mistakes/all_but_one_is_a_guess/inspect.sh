#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{.Id}}" kata-02-$c; done
for c in red blue; do docker image inspect --format "${c}_layers={{len .RootFS.Layers}}" kata-02-$c; done
n=$(docker image inspect --format "{{len .RootFS.Layers}}" kata-02-red)
m=$(docker image inspect --format "{{len .RootFS.Layers}}" kata-02-blue)
echo shared_layers=$(( (n < m ? n : m) - 1 ))
