#!/usr/bin/env bash
docker image inspect kata-02-red kata-02-blue -f '{{$name := slice (index (split (index .RepoTags 0) ":") 0) 8}}{{$name}}_id={{.Id}}
{{$name}}_layers={{len .RootFS.Layers}}'
docker image inspect kata-02-red kata-02-blue -f '{{join .RootFS.Layers "\n"}}' | sort | uniq -d | wc -l | sed 's/^/shared_layers=/'
case $(docker images -q hello-world:latest) in '') echo hello_world_cached=no ;; *) echo hello_world_cached=yes ;; esac
