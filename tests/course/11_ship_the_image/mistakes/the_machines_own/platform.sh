#!/bin/sh
uname -sm
