#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{.Id}}" kata-02-$c; done
echo red_layers=4
echo blue_layers=3
