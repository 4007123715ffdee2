#!/usr/bin/env bash
docker run -it debian:bookworm-slim
docker run -d --name kata-03-redis redis:7
