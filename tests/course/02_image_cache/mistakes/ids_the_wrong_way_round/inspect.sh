#!/usr/bin/env bash
docker image inspect --format "red_id={{.Id}}" kata-02-blue
docker image inspect --format "blue_id={{.Id}}" kata-02-red
