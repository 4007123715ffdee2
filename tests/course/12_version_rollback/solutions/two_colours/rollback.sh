#!/usr/bin/env bash
set -e
live=$(cat live)
./switch.sh "$live" "$([ "$live" = blue ] && echo green || echo blue)"
