#!/usr/bin/env bash
# Three containers of kata-05-base, and in each its own note: $NOTE_A, $NOTE_B and $NOTE_C.
# kata-05-base로 컨테이너 셋을 띄우고, 저마다 자기 쪽지를 남겨요: $NOTE_A, $NOTE_B, $NOTE_C

docker run -d --name kata-05-a kata-05-base
