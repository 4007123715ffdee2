#!/usr/bin/env bash
docker run --rm kata-11-app:1.0
