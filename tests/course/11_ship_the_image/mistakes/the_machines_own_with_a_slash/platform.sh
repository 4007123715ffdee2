#!/bin/sh
echo "$(uname -s)/$(uname -m)"
