#!/bin/sh
# The program: mixes what was installed into /opt/deps.
# 프로그램이에요. /opt/deps에 설치된 것을 비벼요.
edition="first"

if [ ! -s /opt/deps/packages ] || [ ! -s /opt/deps/receipt ]; then
  echo "bibimbap: /opt/deps is empty, there is nothing to mix" >&2
  exit 1
fi
echo "bibimbap, edition $edition"
while read -r package; do echo "  with $package"; done < /opt/deps/packages
echo "receipt $(cat /opt/deps/receipt)"
