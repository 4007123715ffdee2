#!/usr/bin/env bash
docker run -it --rm --log-driver none redis:7
