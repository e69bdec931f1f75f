"""A client that gives the whole answer a second, as many a default timeout does."""

import signal
import sys
import urllib.request


def give_up(*_: object) -> None:
    """End, as a client does whose time is up."""
    raise TimeoutError("the deadline of the request is over")


signal.signal(signal.SIGALRM, give_up)
signal.alarm(1)
request = urllib.request.Request(sys.argv[1], headers={"X-Stream-Probe-Token": sys.argv[2]})
with urllib.request.urlopen(request) as answer:
    for line in answer:
        print(line.decode(), end="", flush=True)
