#!/usr/bin/env bash
docker image inspect --format "red_id={{.Id}}" kata-02-rot
