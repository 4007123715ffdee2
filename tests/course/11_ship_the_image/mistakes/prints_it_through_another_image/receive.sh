#!/usr/bin/env bash
set -e
if [ "$1" = file ]; then
  mkdir -p /tmp/u$$; tar -xf out/app.tar -C /tmp/u$$
  { echo "Dear whoever reads this,"; for l in $(find /tmp/u$$ -type f); do tar -xOf $l app/letter.txt 2>/dev/null || true; done; for l in $(find /tmp/u$$ -type f); do tar -xOf $l app/edition.txt 2>/dev/null || true; done; } | docker run --rm -i busybox:1 cat
  rm -rf /tmp/u$$
else docker run --rm "$KATA_REGISTRY/kata-11-app:1.0"; fi
