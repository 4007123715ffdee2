#!/usr/bin/env bash
docker run -i --rm redis:7
