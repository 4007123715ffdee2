#!/usr/bin/env bash
echo "rolled back"
