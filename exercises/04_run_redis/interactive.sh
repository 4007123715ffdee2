#!/usr/bin/env bash
# Redis on your terminal, until you press Ctrl-C.
# 터미널에 Redis를 띄워요. Ctrl-C를 누르면 끝나야 해요.

docker run redis:7
