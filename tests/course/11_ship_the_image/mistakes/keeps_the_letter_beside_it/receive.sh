#!/bin/sh
cat letter.out
docker run --rm busybox:1 true
