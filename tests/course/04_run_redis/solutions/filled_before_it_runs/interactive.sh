#!/bin/sh
exec script -qec "docker run --interactive=true --tty=true --rm --stop-signal SIGINT redis:7 redis-server --port 7000" /dev/null
