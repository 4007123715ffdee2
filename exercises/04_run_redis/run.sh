#!/usr/bin/env bash
# Redis in the background: kata-04-redis, with $KATA_VALUE under the key "greeting".
# 뒤에서 도는 Redis: 이름은 kata-04-redis, 키 greeting에는 $KATA_VALUE를 넣어요.

docker run --name kata-04-redis redis:7
