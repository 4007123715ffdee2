#!/bin/sh
# Redis by hand: the five lines that a web page tells you to type.
# 손으로 설치하는 Redis: 웹 페이지가 치라고 하는 다섯 줄이에요.

wget https://download.example/redis-7.0.15.tar.gz
tar xzf redis-7.0.15.tar.gz
cd redis-7.0.15
make
make install
