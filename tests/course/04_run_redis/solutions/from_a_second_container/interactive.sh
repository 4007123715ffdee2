#!/bin/sh
# create first, then start with this terminal attached
id=$(docker create -i -t redis:7) && exec docker start -a -i "$id"
