#!/usr/bin/env bash
docker run -d --name kata-05-a kata-05-base
docker run -d --name kata-05-b kata-05-base sh -c "echo $NOTE_B > /note; sleep 1"
docker run -d --name kata-05-c kata-05-base
docker exec kata-05-a sh -c "echo $NOTE_A > /note"
docker exec kata-05-c sh -c "echo $NOTE_C > /note"
sleep 1
