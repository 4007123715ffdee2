#!/bin/sh
docker ps -a
