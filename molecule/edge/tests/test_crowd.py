"""Thousands of connections from one address, of which the limits allow a thousand requests.

EDGE_CROWD=20000 makes them more; the crowd is outside of the host, and the other reader on it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import crowd
import pytest
from testhost import Machine
from testinfra.host import Host

CROWD = int(os.environ.get("EDGE_CROWD", "4500"))
EACH = 4500  # connections of a process, which may have few files
LIMIT = 1000  # streaming_api_nginx_limit_connections
STREAMS = 20

# The other reader: streams that begin before the crowd comes, and new requests all the time, until the
# crowd has left. Then it leaves its streams: those that have not ended before, by SIGTERM, which is 143.
LEFT = "/run/the-crowd-has-left"
OTHER = f"""
cd $(mktemp -d)
ask="curl -sk --max-time 600 --resolve chat.example:443:127.0.0.1 https://chat.example"
for one in $(seq {STREAMS}); do
  $ask'/chunked/stream?count=100000&interval=0.5' -N -o $one &
  readers="$readers $!"
done
while [ ! -e {LEFT} ]; do
  $ask/readyz -o /dev/null -w 'new %{{http_code}} %{{exitcode}}\\n'
  sleep 0.5
done
kill $readers
for one in $readers; do
  wait $one
  echo stream $?
done
for one in $(seq {STREAMS}); do
  ids=$(grep -a '^id: ' $one | head -n -1 | tr -dc '0-9\\n')
  count=$(echo "$ids" | wc -l)
  [ "$ids" = "$(seq $count)" ] && echo whole $count || echo torn $count
done
"""


class Found(NamedTuple):
    crowd: Counter[str]  # what became of each kind of its connections
    other: Counter[str]


def tell(processes: list[subprocess.Popen[str]]) -> Counter[str]:
    """What all parts of the crowd say next."""
    found: Counter[str] = Counter()
    for process in processes:
        assert process.stdout
        found.update(json.loads(process.stdout.readline()))
    return found


@pytest.fixture(scope="module")
def found(machine: Machine, host: Host) -> Found:
    if machine.distro != "debian13":
        pytest.skip("one host is enough: all hosts share this machine's CPUs")
    argv = ["nice", sys.executable, crowd.__file__, str(machine.http), str(machine.https)]
    sizes = [min(EACH, CROWD - start) for start in range(0, CROWD, EACH)]
    host.check_output(f"rm -f {LEFT}")
    with ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as stack:
        other = pool.submit(host.check_output, OTHER)
        stack.callback(host.check_output, f"touch {LEFT}")
        time.sleep(3)
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [*argv, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for size in sizes
        ]
        tell(processes)
        time.sleep(5)
        for process in processes:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        answered = tell(processes)
        for process in processes:
            process.communicate()
    said = Counter(str(other.result()).splitlines())
    print(answered, said)
    return Found(answered, said)


def test_the_crowd_meets_the_limit(found: Found) -> None:
    assert found.crowd.total() == CROWD // 3 * 3
    taken = found.crowd["stream 200"] + found.crowd["stream open"]  # which the app has yet to begin
    assert 0 < taken <= LIMIT
    assert found.crowd["stream 429"] > 0
    assert found.crowd["stream 200 closed"] == 0


def test_others_are_served(found: Found) -> None:
    assert {line for line in found.other if line.startswith("new ")} == {"new 200 0"}
    assert found.other["new 200 0"] > 10


def test_streams_of_others_are_whole(found: Found) -> None:
    """No event is missing, and they come as often as the requests beside them are made."""
    assert found.other["stream 143"] == STREAMS
    counts = [int(line.split()[1]) for line in found.other.elements() if line.startswith("whole ")]
    assert len(counts) == STREAMS
    assert min(counts) > 0.75 * found.other["new 200 0"]
