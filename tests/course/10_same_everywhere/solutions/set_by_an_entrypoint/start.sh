#!/bin/sh
export LANG=ko_KR.UTF-8 TZ=Asia/Seoul
exec "$@"
