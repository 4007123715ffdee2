#!/bin/bash
docker run --rm --pid=host debian:bookworm-slim bash -c "kill -s SIGKILL $(docker top "$KATA_CONTAINER" -eo pid,args | awk -v w="$KATA_WORD" '$0 ~ w {print $1; exit}')"
