#!/usr/bin/env bash
for name in na nb nc; do docker run -d --name $name kata-05-base; done
