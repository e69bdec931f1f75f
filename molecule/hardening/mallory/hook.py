"""A build backend that attacks before it makes an empty wheel. It needs nothing from the network.

ATTACK says what else it does: `environment` prints its environment and fails; `hang`, `memory` and
`tasks` use too much.
"""

import json
import os
import subprocess
import sys
import time
import zipfile

import attack

NAME = "mallory-1-py3-none-any.whl"
FILES = {
    "METADATA": "Metadata-Version: 2.1\nName: mallory\nVersion: 1\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: hook\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}


def build_wheel(directory, *_):
    """Attack, then make the wheel."""
    kind = os.environ.get("ATTACK", "")
    if kind == "environment":
        print(dict(os.environ), file=sys.stderr)
        print("".join(f"{name}={value}\n" for name, value in os.environ.items()), file=sys.stderr)
        sys.exit(1)
    if kind == "hang":
        time.sleep(600)
    if kind == "memory":
        held = [bytearray(os.urandom(1 << 20)) for _ in range(1024)]
        print(len(held))
    if kind == "tasks":
        sleepers = [subprocess.Popen(["sleep", "20"]) for _ in range(500)]
        print(len(sleepers))
    with open("attacks.json", "w") as file:
        json.dump(attack.run(attack.BUILD), file, indent=1)
    with zipfile.ZipFile(os.path.join(directory, NAME), "w") as wheel:
        for name, text in FILES.items():
            wheel.writestr(f"mallory-1.dist-info/{name}", text)
    return NAME
