#!/usr/bin/env bash
docker run -it --rm --detach-keys ctrl-c redis:7
