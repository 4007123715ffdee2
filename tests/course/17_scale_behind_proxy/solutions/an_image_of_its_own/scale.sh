#!/bin/sh
exec docker compose up -d --build --scale "web=$1"
