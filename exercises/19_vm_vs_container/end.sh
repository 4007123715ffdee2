#!/usr/bin/env bash
# Ends the first process of $KATA_CONTAINER from the host's side.
# $KATA_CONTAINER의 첫 프로세스를 호스트 쪽에서 끝내요.
