"""A client that takes what has come: URL and the probe's token are its arguments."""

import sys
import urllib.request

request = urllib.request.Request(sys.argv[1], headers={"X-Stream-Probe-Token": sys.argv[2]})
with urllib.request.urlopen(request) as response:
    while part := response.read1():
        sys.stdout.buffer.write(part)
        sys.stdout.flush()
