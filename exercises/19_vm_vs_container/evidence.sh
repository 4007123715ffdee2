#!/usr/bin/env bash
# Prints the evidence, a line each: key=value. The keys are in README.md.
# 증거를 한 줄에 하나씩 key=value로 출력해요. key는 README.ko.md에 있어요.

echo "kernel=$(uname -r)"
