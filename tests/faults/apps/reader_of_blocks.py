"""A client that wants blocks of 4 KiB, as many do: URL and the probe's token are its arguments."""

import sys
import urllib.request

request = urllib.request.Request(sys.argv[1], headers={"X-Stream-Probe-Token": sys.argv[2]})
with urllib.request.urlopen(request) as response:
    while block := response.read(4096):
        sys.stdout.buffer.write(block)
        sys.stdout.flush()
