#!/bin/sh
# A pretend package manager: installs what requirements.txt lists into /opt/deps, a second a package, and writes a
# receipt with a number that nobody has had before. This file stays as it is.
# 흉내만 내는 패키지 관리자예요. requirements.txt에 적힌 것을 하나에 1초씩 걸려 /opt/deps에 설치하고,
# 매번 새 번호가 찍힌 영수증(receipt)을 남겨요. 이 파일은 고치지 않아요.
set -e
shop="corner-shop"

list="${1:-requirements.txt}"
rm -rf /opt/deps
mkdir -p /opt/deps
while read -r name version || [ -n "$name" ]; do
  case "$name" in "" | "#"*) continue ;; esac
  echo "installing $name $version ..."
  sleep 1
  echo "$name $version" >> /opt/deps/packages
done < "$list"
echo "$shop $(cat /proc/sys/kernel/random/uuid)" > /opt/deps/receipt
echo "installed, receipt: $(cat /opt/deps/receipt)"
