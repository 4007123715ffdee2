#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{.Id}}" kata-02-$c; done
echo red_layers=$(docker history -q kata-02-red | wc -l)
echo blue_layers=$(docker history -q kata-02-blue | wc -l)
