#!/usr/bin/env bash
docker rm -f kata-05-a
docker run -d --name kata-05-a kata-05-base
docker restart kata-05-b
mkdir all
docker cp kata-05-b:/ - > all/files.tar
docker build -t kata-05-noted -f - all <<'DOCKERFILE'
FROM scratch
ADD files.tar /
CMD ["sleep", "600"]
DOCKERFILE
docker run -d --name kata-05-d kata-05-noted
