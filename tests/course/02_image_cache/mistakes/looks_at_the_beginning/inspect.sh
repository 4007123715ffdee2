#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{.Id}}" kata-02-$c; done
for c in red blue; do docker image inspect --format "${c}_layers={{len .RootFS.Layers}}" kata-02-$c; done
docker image inspect --format "{{join .RootFS.Layers \"\n\"}}" kata-02-red kata-02-blue | sort | uniq -d | wc -l | sed "s/^/shared_layers=/"
docker images | grep -q '^hello-world' && echo hello_world_cached=yes || echo hello_world_cached=no
