#!/usr/bin/env bash
docker rmi hello-world
