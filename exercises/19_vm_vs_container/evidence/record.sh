#!/usr/bin/env bash
# How this folder came about: boots a real virtual machine twice and writes down what it left.
# 이 폴더를 만든 스크립트예요. 진짜 가상머신을 두 번 켜고, 남은 것을 그대로 적어 뒀어요.
#
#     sudo ./record.sh [tcg|kvm]
#
# You need not run it. It wants a Debian 12, root, three gigabytes of room, and Debian's own packages:
#     apt-get install debootstrap e2fsprogs procps python3 qemu-system-x86 util-linux
# The guest is a plain Debian 12 with Debian's linux-image-cloud-amd64. "tcg" emulates its processor in software, which
# works everywhere; "kvm" uses the processor's own help, where /dev/kvm is there and does its job.
set -euo pipefail
PATH=/usr/sbin:/usr/bin:/sbin:/bin

LIMIT=300  # seconds that one boot may take
MEMORY=512 # megabytes that the guest gets

main() {
  evidence=$(cd "$(dirname "$0")" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' INT TERM
  cp "$0" "$work/record.sh"
  cd "$work"
  make_guest >&2
  for which in first again; do
    # in a process namespace of its own: the list of the host's processes then has nobody but this recording in it
    unshare --pid --fork --mount-proc --kill-child bash record.sh boot "$1"
    mv boot.log "$evidence/boot-$which.log"
    mv host.txt "$evidence/host-$which.txt"
  done
  describe_machine "$1" >"$evidence/machine.txt"
}

# A whole second system: its own kernel, its own init, its own programs
make_guest() {
  debootstrap --variant=minbase --include=systemd-sysv,dbus,procps,linux-image-cloud-amd64 bookworm guest
  echo kata-vm >guest/etc/hostname
  echo '/dev/vda / ext4 defaults 0 1' >guest/etc/fstab
  cat >guest/etc/systemd/system/evidence.service <<'UNIT'
[Unit]
Description=Tells what the guest sees of itself
After=basic.target dbus.service systemd-logind.service
Before=getty.target serial-getty@ttyS0.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/evidence

[Install]
WantedBy=multi-user.target
UNIT
  cat >guest/usr/local/sbin/evidence <<'SEEN'
#!/bin/sh
# all at once, so that nothing else comes in between on the console
said=$(
  echo "guest# uname -r"
  uname -r
  echo "guest# ps -e --no-headers | wc -l"
  ps -e --no-headers | wc -l
  echo "guest# free -m"
  free -m
  echo "guest# ps -o pid,args -p 1"
  ps -o pid,args -p 1
  echo "guest# # that is all"
)
printf '\n%s\n' "$said" >/dev/console
SEEN
  chmod +x guest/usr/local/sbin/evidence
  chroot guest systemctl enable evidence.service serial-getty@ttyS0.service
  chroot guest systemctl set-default graphical.target
  cp guest/boot/vmlinuz-* vmlinuz
  cp guest/boot/initrd.img-* initrd.img
  truncate --size=2G disk.img
  mkfs.ext4 -q -d guest disk.img
  rm -r guest
}

boot() {
  mkfifo console
  # each line behind the seconds since the VM was switched on, by the host's clock
  python3 -uc '
import sys, time
start, line = time.monotonic(), b""
while byte := sys.stdin.buffer.read1(1):
    if byte != b"\n":
        line += byte
    if byte == b"\n" or line.endswith(b" login: "):
        text = line.decode(errors="replace").rstrip()
        print(f"{time.monotonic() - start:8.2f} s | {text}")
        line = b""
' <console >boot.log &
  qemu-system-x86_64 -name kata-vm -accel "$1" -m $MEMORY -smp 1 -display none -monitor none -serial stdio -no-reboot \
    -kernel vmlinuz -initrd initrd.img -append 'root=/dev/vda rw console=ttyS0 systemd.show_status=1 TERM=dumb' \
    -drive file=disk.img,format=raw,if=virtio </dev/null >console 2>&1 &
  qemu=$!
  wait_for_guest
  {
    echo "host# uname -r"
    uname -r
    echo
    echo "host# ps -e -o pid,ppid,nlwp,rss,args"
    ps -e -o pid,ppid,nlwp,rss,args --cols 150 | sed 's/ *$//' | grep -v -e 'sed s' -e 'grep -v' -e 'ps -e -o'
    echo
    echo "host# grep -E 'VmRSS|Threads' /proc/$qemu/status"
    grep -E 'VmRSS|Threads' "/proc/$qemu/status"
    echo
    echo "host# du --block-size=1M vmlinuz initrd.img disk.img"
    du --block-size=1M vmlinuz initrd.img disk.img
  } >host.txt
  kill "$qemu"
  wait
  rm console
}

wait_for_guest() {
  for ((tenths = 0; tenths < LIMIT * 10; tenths++)); do
    if grep -q 'login:' boot.log && grep -q 'that is all' boot.log; then
      return
    fi
    sleep 0.1
  done
  echo "The guest did not come up within $LIMIT s." >&2
  tail boot.log >&2
  exit 1
}

describe_machine() {
  echo "recorded:  $(date --utc +%F)"
  echo "processor: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
  echo "kernel:    $(uname -r)"
  echo "load:      $(cut -d" " -f1-3 /proc/loadavg) (how busy it was over 1, 5 and 15 minutes, with other things too)"
  echo "qemu:      $(qemu-system-x86_64 --version | head -1)"
  echo "guest:     Debian 12 (bookworm), one processor (-accel $1), $MEMORY MB of memory"
}

if [ "${1:-}" = boot ]; then
  boot "$2"
else
  main "${1:-tcg}"
fi
