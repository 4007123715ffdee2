#!/usr/bin/env bash
docker run -d --name kata-04-other redis:7
