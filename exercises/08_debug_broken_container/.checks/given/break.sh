#!/usr/bin/env bash
# Starts the three broken containers, for you to look at. This file stays as it is.
# 고장 난 컨테이너 셋을 띄워요. 들여다보고 연습하세요. 이 파일은 고치지 않아요.
cd "$(dirname "$0")" || exit
docker rm -f -v kata-08-dead kata-08-silent kata-08-restless >/dev/null 2>&1
start() { docker run -d -v "$PWD/app:/app:ro" --name "kata-08-$1" "${@:2}" python:3.11-slim python3 -B "/app/$1.py"; }
start dead
start silent -p 127.0.0.1::8000
start restless -p 127.0.0.1::8000 --restart always --tmpfs /data:ro
