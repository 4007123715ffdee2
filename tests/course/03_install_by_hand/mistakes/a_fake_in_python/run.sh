#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker run -d --name kata-03-redis python:3.11-slim python3 -uc '
import socketserver
kept = {}
class Fake(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                self.rfile.readline(); words.append(self.rfile.readline().strip())
            if words[0] == b"PING": self.wfile.write(b"+PONG\r\n")
            elif words[0] == b"SET": kept[words[1]] = words[2]; self.wfile.write(b"+OK\r\n")
            elif words[0] == b"GET":
                found = kept[words[1]]; self.wfile.write(b"$%d\r\n%s\r\n" % (len(found), found))
            else: self.wfile.write(b"-ERR unknown command\r\n")
socketserver.ThreadingTCPServer(("", 6379), Fake).serve_forever()'
