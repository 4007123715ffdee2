#!/usr/bin/env bash
# Ours: makes kata-02-red and kata-02-blue for you to look at, other ones each time. A check makes its own pair.
# 저희가 준비한 스크립트예요. 들여다볼 kata-02-red와 kata-02-blue를 만들어요. 실행할 때마다 달라져요. 채점할 때는 새 쌍을 따로 만들어요.
set -e

stamp=$(date +%s)-$RANDOM

steps() { # NAME FROM TO: some lines of a Dockerfile, each of which makes a layer
  for ((i = $2; i <= $3; i++)); do echo "RUN echo $1-$i-$stamp >/$1-$i"; done
}

make() { # COLOUR HOW-MANY-OF-ITS-OWN
  { echo "FROM busybox:1"; steps base 1 "$shared"; steps "$1" 1 "$2"; echo "ENV COLOUR=$1"; echo "CMD [\"env\"]"; } |
    docker build -q --network none -t "kata-02-$1" - >/dev/null
}

docker rmi kata-02-red kata-02-blue >/dev/null 2>&1 || true # an earlier pair
shared=$((RANDOM % 3 + 1))
make red $((RANDOM % 3 + 1))
make blue $((RANDOM % 3 + 1))
echo "kata-02-red, kata-02-blue: OK"
