#!/usr/bin/env bash
docker rmi hello-world 2>/dev/null
echo done
