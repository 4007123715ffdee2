#!/usr/bin/env bash
# detached, removed by hand, the full name of the image; the log is fetched when the program has ended
set -euo pipefail
for file in cold.txt warm.txt; do
  docker run -d --name "kata-01-${file%.txt}" --cidfile "$file.id" docker.io/library/hello-world:latest 2>"$file"
  test "$(docker wait "kata-01-${file%.txt}")" = 0
  { docker logs "kata-01-${file%.txt}"; } &>>"$file"
done
docker rm kata-01-cold kata-01-warm
docker image rm hello-world  # the machine is as it was
