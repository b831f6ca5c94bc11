"""Run a command and say, as JSON, its seconds and the most memory that one of its processes had: `timed.py COMMAND`.

A small process of its own: a child counts the memory of the process that starts it as its own first.
"""

import json
import os
import subprocess
import sys
import time

start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
peak = None
if hasattr(os, "wait4"):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
else:
    process.wait()
print(json.dumps({"seconds": time.perf_counter() - start, "peak_megabytes": peak}))
sys.exit(process.returncode)
