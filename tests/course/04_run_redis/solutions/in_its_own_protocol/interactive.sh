#!/usr/bin/env python3
import pty, sys, os
status = pty.spawn(["docker", "run", "-it", "--rm", "redis:7"])
sys.exit(os.waitstatus_to_exitcode(status))
