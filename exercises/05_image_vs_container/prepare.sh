#!/usr/bin/env bash
# Back to the beginning: makes kata-05-base, and clears away what your scripts made. This file stays as it is.
# 처음으로 돌아가기: kata-05-base를 만들고, 여러분의 스크립트가 만든 것을 치워요. 이 파일은 고치지 않아요.

docker rm -f -v kata-05-a kata-05-b kata-05-c kata-05-d >/dev/null 2>&1
docker rmi -f kata-05-noted >/dev/null 2>&1

# busybox, with one thing changed: what it runs. It does nothing, and ends as soon as it is asked to.
# busybox에서 딱 하나, 실행하는 것만 바꿨어요. 하는 일 없이 살아 있다가, 끝내 달라고 하면 바로 끝나요.
docker build -q -t kata-05-base - <<'DOCKERFILE'
FROM busybox:1
LABEL kata.exercise=05
CMD ["sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"]
DOCKERFILE
