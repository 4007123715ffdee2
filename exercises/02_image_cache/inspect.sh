#!/usr/bin/env bash
# What the image cache knows about kata-02-red, kata-02-blue and hello-world, one key=value a line.
# 이미지 cache가 kata-02-red, kata-02-blue, hello-world에 대해 아는 것을 한 줄에 하나씩 key=value로 출력해요.

echo TODO
