#!/usr/bin/env bash
echo Untagged: hello-world:latest
