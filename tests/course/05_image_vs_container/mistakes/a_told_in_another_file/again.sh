#!/usr/bin/env bash
docker cp kata-05-a:/note my-old-note
docker rm -f kata-05-a
docker run -d --name kata-05-a kata-05-base
docker cp my-old-note kata-05-a:/my-old-note
docker restart kata-05-b
docker commit kata-05-b kata-05-noted
docker run -d --name kata-05-d kata-05-noted
