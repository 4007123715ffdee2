#!/usr/bin/env python3
import sys

from site_of_ours import ask, history, image_of, start

name = image_of(sys.argv[1])
ask("pull", name)
found = ask("image", "inspect", "--format", "{{.Id}}", name)
start(found)
history(found)
