#!/usr/bin/env bash
for c in red blue; do echo ${c}_id=kata-02-$c; done
