#!/usr/bin/env bash
echo "* Ready to accept connections"
