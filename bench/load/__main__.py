"""Run a load of streams: `python -m bench.load '{"url": ..., "streams": 100}'`; prints JSON."""

import dataclasses
import json
import sys

from .generate import generate
from .values import Load

print(json.dumps(dataclasses.asdict(generate(Load(**json.loads(sys.argv[1]))))))
