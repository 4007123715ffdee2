#!/usr/bin/env bash
docker run -d --name kata-05-a kata-05-base
