#!/usr/bin/env python3
from engine import ask

_, hello = ask("GET", "/images/hello-world/json")
for container in ask("GET", "/containers/json?all=1")[1]:
    if container["ImageID"] == hello["Id"]:
        ask("DELETE", f"/containers/{container['Id']}")
print(ask("DELETE", "/images/hello-world"))
