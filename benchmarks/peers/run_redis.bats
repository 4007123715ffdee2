#!/usr/bin/env bats
# The six checks of exercise 04, as a practitioner writes them for bats. $WORK holds the learner's two scripts.

setup_file() {
  export BY="bench-bystander-$$" VALUE="annyeong-$RANDOM$RANDOM"
  docker run -d --name "$BY-running" --network none busybox:1 sleep 86400 >/dev/null
  docker create --name "$BY-stopped" busybox:1 true >/dev/null
  docker tag busybox:1 "$BY:1"
  docker volume create "$BY" >/dev/null
  docker network create --internal "$BY" >/dev/null
  export BEFORE="$(bystanders)"
  cp -r "$WORK" "$BATS_FILE_TMPDIR/work"
}

teardown_file() {
  docker rm -fv "$BY-running" "$BY-stopped" kata-04-redis >/dev/null
  docker rmi "$BY:1" >/dev/null
  docker volume rm "$BY" >/dev/null
  docker network rm "$BY" >/dev/null
}

bystanders() {
  docker inspect -f '{{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.State.Pid}}' "$BY-running" "$BY-stopped"
  docker image inspect -f '{{.Id}}' "$BY:1"
  docker volume inspect -f '{{.Name}}' "$BY"
  docker network inspect -f '{{.Id}}' "$BY"
}

inside() { docker exec kata-04-redis redis-cli "$@"; }

@test "interactive.sh gives you Redis on a real terminal, and Ctrl-C ends it cleanly" {
  cd "$BATS_FILE_TMPDIR/work"
  mkfifo keys
  script -qfec ./interactive.sh /dev/null <keys >log 2>&1 &
  exec 7>keys
  until grep -q "Ready to accept connections" log; do sleep 0.02; done
  id=$(docker ps -q --filter ancestor=redis:7)
  [ "$(docker inspect -f '{{.Config.Tty}} {{.Config.OpenStdin}}' "$id")" = "true true" ]
  docker wait "$id" >code &
  until [ -n "$(docker exec "$id" redis-cli ping)" ]; do sleep 0.02; done
  printf '\003' >&7
  wait
  [ "$(cat code)" = 0 ]
}

@test "run.sh comes back, and Redis keeps running" {
  cd "$BATS_FILE_TMPDIR/work"
  KATA_VALUE="$VALUE" timeout 30 ./run.sh
  [ "$(docker inspect -f '{{.State.Status}}' kata-04-redis)" = running ]
  [ "$(inside ping)" = PONG ]
}

@test "Redis answers on a port of this machine, and of this machine only" {
  binding=$(docker port kata-04-redis 6379)
  [[ "$binding" == 127.0.0.1:* ]]
  exec 8<>"/dev/tcp/127.0.0.1/${binding##*:}"
  printf 'PING\r\n' >&8
  read -r -t 2 answer <&8
  [ "${answer%$'\r'}" = +PONG ]
}

@test "Your value is in there" {
  [ "$(inside get greeting)" = "$VALUE" ]
}

@test "It stops within 3 s with exit code 0, and starts again with the value still inside" {
  docker stop -t 3 kata-04-redis
  [ "$(docker inspect -f '{{.State.ExitCode}}' kata-04-redis)" = 0 ]
  docker start kata-04-redis
  until [ "$(inside ping)" = PONG ]; do sleep 0.02; done
  [ "$(inside get greeting)" = "$VALUE" ]
}

@test "Nothing else on your machine was touched" {
  [ "$(bystanders)" = "$BEFORE" ]
}
