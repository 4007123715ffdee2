#!/usr/bin/env bash
# each container writes its note by itself, before it goes to sleep
start() {
  docker run -d --stop-timeout 1 --name "kata-05-$1" kata-05-base sh -c "echo $2 > /note; exec tail -f /dev/null"
}
start a "$NOTE_A"
start b "$NOTE_B"
start c "$NOTE_C"
until docker exec kata-05-c cat /note; do :; done
