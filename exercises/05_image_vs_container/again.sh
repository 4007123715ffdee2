#!/usr/bin/env bash
# a is removed and started anew, b is stopped and started again, and b is frozen as kata-05-noted, from which d grows.
# a는 지우고 새로 띄우고, b는 멈췄다가 다시 켜요. b를 kata-05-noted로 얼리고, 거기서 d를 띄워요.

docker ps
