#!/usr/bin/env bash
cat >cold.txt <<'COLD'
Unable to find image 'hello-world:latest' locally
latest: Pulling from library/hello-world
Status: Downloaded newer image for hello-world:latest

Hello from Docker!
COLD
echo 'Hello from Docker!' >warm.txt
