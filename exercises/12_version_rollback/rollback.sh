#!/usr/bin/env bash
# Usage: ./rollback.sh
echo "TODO: what ran before?"
