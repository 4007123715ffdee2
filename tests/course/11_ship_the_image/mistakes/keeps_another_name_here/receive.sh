#!/bin/sh
docker run --rm letter:1
