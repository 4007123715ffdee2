#!/usr/bin/env bash
echo container_seconds=0.4
echo "vm_seconds=$(awk '/login:/ {print $1; exit}' "$KATA_LOG")"
