#!/usr/bin/env bash
for c in red blue; do docker image inspect --format "${c}_id={{printf \"%.17s\" .Id}}" kata-02-$c; done
