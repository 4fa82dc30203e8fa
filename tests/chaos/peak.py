"""Runs of a program of which is known how much memory they took at their most.

The system's own account of an ended process (wait4) begins with what the process had from which it was started, which
here is this script. So the program is looked at while it runs: its peak never goes down, only the last moments are missed.
"""

import dataclasses
import pathlib
import re
import subprocess
import time

import trials

LOOK_S = 0.003


@dataclasses.dataclass
class Run:
    code: int  # -9: it was killed
    said: str  # on standard error
    peak_bytes: int  # resident


def peak_bytes(pid: int) -> int:
    """So far; 0 when it has ended."""
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


def wait(process: subprocess.Popen, limit_s: float) -> int:
    """Waits for a process so long, and answers with its peak."""
    end = time.monotonic() + limit_s
    peak = 0
    while process.poll() is None and time.monotonic() < end:
        peak = max(peak, peak_bytes(process.pid))
        time.sleep(LOOK_S)
    return peak


def run(line: list[str], errors: pathlib.Path, kill_after_s: float | None = None) -> Run:
    """Runs a program to its end, or kills it."""
    with errors.open("w") as file:
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=file)
    peak = wait(process, trials.LIMIT_S if kill_after_s is None else kill_after_s)
    hangs = process.poll() is None and kill_after_s is None
    where = trials.where_it_hangs(process.pid) if hangs else ""
    process.kill()
    process.wait()
    said = errors.read_text(errors="replace").strip()
    if hangs:
        raise trials.Failed(f"the run has not ended after {trials.LIMIT_S} s: {' '.join(line)}\n{said}\n{where}")
    return Run(process.returncode, said, peak)


def check(peak_bytes: int, budget_bytes: int) -> None:
    if peak_bytes > budget_bytes:
        raise trials.Failed(f"it took {peak_bytes >> 20} MiB of memory, more than the {budget_bytes >> 20} MiB of its budget")
