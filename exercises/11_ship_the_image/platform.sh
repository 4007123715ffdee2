#!/usr/bin/env bash
# Usage: ./platform.sh IMAGE
uname -sm
