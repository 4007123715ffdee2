#!/usr/bin/env python3
from engine import ask

layers = []
for colour in ("red", "blue"):
    _, image = ask("GET", f"/images/kata-02-{colour}/json")
    layers.append(set(image["RootFS"]["Layers"]))
    print(f"{colour}_id={image['Id']}", f"{colour}_layers={len(layers[-1])}", sep="\n")
print(f"shared_layers={len(layers[0] & layers[1])}")
print(f"hello_world_cached={ask('GET', '/images/hello-world/json')[0] == 200}")
