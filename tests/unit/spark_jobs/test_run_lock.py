"""Two batches at once: the second waits, also for one that is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HOLDS = "from pathlib import Path; from spark_jobs.run_lock import alone; import sys, time\n"
HOLDS += "with alone(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"


def test_the_second_begins_when_the_first_has_ended_even_by_kill_9(tmp_path: Path) -> None:
    first = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    second = None
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        second = subprocess.Popen(
            [sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert second.stdout is not None
        assert second.stderr is not None
        assert "another batch is running" in second.stderr.readline()
        assert second.poll() is None
        first.kill()
        assert second.stdout.readline() == "held\n"
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.wait()
