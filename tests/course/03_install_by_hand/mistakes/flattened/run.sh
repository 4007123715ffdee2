#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker build -t kata-03-flat - <<'DOCKERFILE'
FROM scratch
COPY --from=redis:7 / /
CMD ["redis-server", "--protected-mode", "no"]
DOCKERFILE
docker run -d --name kata-03-redis kata-03-flat
