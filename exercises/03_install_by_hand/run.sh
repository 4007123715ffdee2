#!/usr/bin/env bash
# First the failure: by-hand.sh in a throw-away container of debian:bookworm-slim.
# 먼저 실패부터: by-hand.sh를 한 번 쓰고 버릴 debian:bookworm-slim 컨테이너에서 실행해요.


# Then the one line that works: kata-03-redis, in the background.
# 그다음은 되는 한 줄: 뒤에서 도는 kata-03-redis.

