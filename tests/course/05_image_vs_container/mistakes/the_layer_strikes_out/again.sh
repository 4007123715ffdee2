#!/usr/bin/env bash
docker rm -f kata-05-a
docker run -d --name kata-05-a kata-05-base
docker restart kata-05-b
docker build -t kata-05-noted - <<DOCKERFILE
FROM kata-05-base
RUN echo $(docker exec kata-05-b cat /note) > /note; rm -rf /home /root /var
DOCKERFILE
docker run -d --name kata-05-d kata-05-noted
