#!/bin/sh
docker version --format "{{.Server.Os}}/{{.Server.Arch}}"
