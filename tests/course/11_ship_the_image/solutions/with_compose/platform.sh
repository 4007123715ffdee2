#!/bin/sh
# the settings lie in the archive, in the file that manifest.json names
config=$(docker save "$1" | tar -xO manifest.json | sed 's/.*"Config":"\([^"]*\)".*/\1/')
docker save "$1" | tar -xO "$config" | python3 -c 'import json, sys; found = json.load(sys.stdin); print(found["os"], found["architecture"], sep="/")'
