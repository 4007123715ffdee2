#!/usr/bin/env bash
# Takes hello-world out of the image cache, and nothing else.
# 이미지 cache에서 hello-world를 빼요. 다른 것은 건드리지 않아요.

echo TODO
