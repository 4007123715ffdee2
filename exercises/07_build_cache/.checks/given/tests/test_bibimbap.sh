#!/bin/sh
# Runs on your machine, before a commit; no business of the image's.
# 커밋하기 전에 내 컴퓨터에서 돌려요. 이미지에는 필요 없어요.
grep -q 'edition=' "$(dirname "$0")/../app/bibimbap.sh" && echo ok
