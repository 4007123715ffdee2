#!/bin/bash
id=$(docker create "$1") ; trap 'docker rm -f -v "$id" >/dev/null' EXIT
img=$(docker inspect -f '{{.Image}}' "$id")
echo "$1 is made for $(docker inspect --type image -f '{{.Os}}/{{.Architecture}}' "$img")."
