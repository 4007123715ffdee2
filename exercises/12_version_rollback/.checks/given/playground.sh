#!/usr/bin/env bash
# A registry of your own with three versions of the site, and the network on which it is visited.
#   eval "$(./playground.sh)"     sets both up, and your shell's KATA_REGISTRY, KATA_NETWORK and visit
#   ./playground.sh clean         removes everything that belongs to this exercise
set -e
clean() {
    docker ps -aq --filter name=kata-12- | xargs -r docker rm -f -v
    docker network rm kata-12-net || true
    docker images -q --filter "reference=*/kata-12-web" | xargs -r docker rmi -f
} >&2

clean 2>/dev/null
[ "$1" != clean ] || exit 0

docker network create kata-12-net >&2
docker run -d --name kata-12-registry -p 127.0.0.1::5000 registry:2 >&2
registry=$(docker port kata-12-registry 5000/tcp | head -n 1)
for version in 1.0 1.1 2.0; do
    docker build -q -t "$registry/kata-12-web:$version" - >&2 <<END
FROM busybox:1
RUN mkdir /www && echo "kata-12-web $version" >/www/index.html
CMD ["sh", "-c", "trap 'exit 0' TERM; httpd -p 8000 -h /www; while :; do sleep 3600 & wait \$!; done"]
END
    until docker push -q "$registry/kata-12-web:$version" >&2; do sleep 0.5; done
done

echo "export KATA_REGISTRY=$registry KATA_NETWORK=kata-12-net"
echo "visit() { docker run --rm --network kata-12-net busybox:1 timeout 5 wget -q -O - http://kata-12-web:8000/; }"
