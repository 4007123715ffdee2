#!/bin/bash
id=$(docker create "$1") ; trap 'docker rm -f -v "$id" >/dev/null' EXIT
img=$(docker inspect -f '{{.Image}}' "$id")
echo "$1의 플랫폼은 $(docker inspect --type image -f '{{.Os}}/{{.Architecture}}' "$img")이에요."
