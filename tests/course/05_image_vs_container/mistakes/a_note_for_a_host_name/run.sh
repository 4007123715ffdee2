#!/usr/bin/env bash
for name in a b c; do
  docker run -d --hostname "$NOTE_A" --name "kata-05-$name" kata-05-base
done
docker exec kata-05-a sh -c "echo $NOTE_A > /note"
docker exec kata-05-b sh -c "echo $NOTE_B > /note"
docker exec kata-05-c sh -c "echo $NOTE_C > /note"
