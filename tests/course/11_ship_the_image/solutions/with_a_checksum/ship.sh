#!/bin/bash
cd "$(dirname "$0")" || exit
app=kata-11-app:1.0
pack() { install -d out && docker save -o out/app.tar "$app" && (cd out && sha256sum app.tar > app.tar.sha256); }
send() { docker tag "$app" "$KATA_REGISTRY/$app" && until docker push "$KATA_REGISTRY/$app"; do sleep 1; done; }
pack & send & wait
