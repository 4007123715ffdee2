#!/usr/bin/env bash
docker images
