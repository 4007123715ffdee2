#!/usr/bin/env bash
docker run -d --name kata-05-a kata-05-base sh -c "echo $NOTE_A > /note"
docker run -d --name kata-05-b kata-05-base sh -c "echo $NOTE_B > /note"
docker run -d --name kata-05-c kata-05-base sh -c "echo $NOTE_C > /note"
