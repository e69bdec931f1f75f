# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start the monitor. The package streaming_api beside this file is a part of module_utils/."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python3 -I leaves it out
# The OpenTelemetry SDK, on a host that pushes. The distribution's packages come first.
sys.path += map(str, Path("/opt/streaming_api/otlp").glob("lib/python3*/site-packages"))

from streaming_api.monitor.watch import main

if __name__ == "__main__":
    main(sys.argv[1])
