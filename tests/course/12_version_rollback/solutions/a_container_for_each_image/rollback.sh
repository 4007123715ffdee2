#!/usr/bin/env bash
set -euo pipefail
./live.sh "$(tail -n 2 ran | head -n 1)"
sed -i '$d' ran
