#!/bin/sh
echo linux/amd64
