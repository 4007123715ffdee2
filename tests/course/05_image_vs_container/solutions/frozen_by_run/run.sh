#!/usr/bin/env bash
# each has its own note in its environment, writes it when it starts, and keeps changing files by itself; b is frozen at once
program='rm -rf /home; echo "$NOTE" > /note; trap "exit 0" TERM; while :; do touch "/tmp/$(date +%s)"; sleep 0.2; done'
start() {
  docker run -d --restart on-failure -e "NOTE=$2" --name "kata-05-$1" kata-05-base sh -c "$program"
  until docker exec "kata-05-$1" cat /note; do :; done
}
start a "$NOTE_A"
start b "$NOTE_B"
start c "$NOTE_C"
docker commit kata-05-b kata-05-noted
