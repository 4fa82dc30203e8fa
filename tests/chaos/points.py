#!/usr/bin/env python3
"""T-02: the real program stops before its i-th write, sync, rename, ...; what was not synced is kept, lost or torn.
T-05: that operation fails (EIO, ENOSPC, a short write, a failed sync), and no failed sync is tried again.

A trial makes a corpus from its seed, runs wordcount over it once to learn how many operations there are, picks one, and
runs it again on files of which that one goes wrong (tests/chaos/faulty/). Then the job goes on, sometimes with a second
fault while it recovers, and in the end every word must have each count 1..n exactly once.
"""

import functools
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import trials

PROGRAM = trials.BIN / "wordcount_faulty"
STOP = ("stop",)
ERRORS = ("io", "nospace", "short", "sync")


def command(random_: random.Random, directory: pathlib.Path) -> list[str]:
    line = [str(PROGRAM), "run", "--input", str(directory / "texts" / "*.txt"), "--output", str(directory / "out"),
            "--data-dir", str(directory / "data"), "--shards", str(random_.randint(1, 3)), "--log-level", "error"]
    interval = random_.choice([None, "1ms", "5ms"])
    return line + (["--commit-interval", interval] if interval else [])


def run(line: list[str], directory: pathlib.Path, fault: str) -> tuple[int, str, dict[str, int]]:
    """Exit code (-9: stopped), what was said, and what the program reports of its operations."""
    attic, report = directory / "attic", directory / "report"
    shutil.rmtree(attic, ignore_errors=True)
    attic.mkdir()
    report.unlink(missing_ok=True)
    environment = dict(os.environ, RHEON_FAULT=fault, RHEON_FAULT_ATTIC=str(attic), RHEON_FAULT_REPORT=str(report))
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=trials.LIMIT_S, check=False, env=environment)
    except subprocess.TimeoutExpired as hanging:
        raise trials.Failed(f"the run has not ended after {trials.LIMIT_S} s with {fault}") from hanging
    trials.check_alarms(done.stderr)
    told = dict(row.split() for row in report.read_text().splitlines()) if report.exists() else {}
    return done.returncode, done.stderr.strip(), {name: int(value) for name, value in told.items()}


def run_with_fault(line: list[str], directory: pathlib.Path, fault: str) -> tuple[bool, dict[str, int]]:
    """True when the run must be gone on with: it was stopped, or has given up with a sentence. And what it reports."""
    code, said, told = run(line, directory, fault)
    if told.get("repeated_syncs"):
        raise trials.Failed(f"{told['repeated_syncs']} syncs were tried again after one had failed ({fault})")
    if code == 0 or (fault.startswith("stop") and code == -9):
        return code != 0, told
    if fault.startswith("stop") or code != 1 or not said:
        raise trials.Failed(f"exit code {code} with {fault}: {said or '(nothing was said)'}")
    return True, told


def draw_fault(random_: random.Random, kinds: tuple[str, ...], operations: int) -> str:
    kind = random_.choice(kinds)
    fault = f"{kind}:{random_.randint(1, operations)}"
    return f"{fault}:{random_.choice(['all', 'synced', 'torn', 'torn'])}:{random_.randint(1, 10**6)}" if kind == "stop" else fault


def operation_of(fault: str) -> int:
    return int(fault.split(":")[1])


def run_to_first_fault(random_: random.Random, kinds: tuple[str, ...], directory: pathlib.Path) -> tuple[str, bool]:
    """A fault that has met the job, and whether the job must be gone on with."""
    line = command(random_, directory)
    code, said, told = run(line, directory, "stop:0")
    if code != 0:
        raise trials.Failed(f"exit code {code} without any fault: {said}")
    for _ in range(10):
        for name in ("out", "data"):
            shutil.rmtree(directory / name)
        fault = draw_fault(random_, kinds, told["operations"])
        ended_early, told = run_with_fault(line, directory, fault)
        if ended_early or told["operations"] >= operation_of(fault):
            return fault, ended_early
    raise trials.Failed("the job has come to its end before each of ten points")


def run_trial(kinds: tuple[str, ...], seed: int, _speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"points-{'-'.join(kinds)}-{seed}")
    random_ = random.Random(seed)
    try:
        truth = trials.write_corpus(random_, directory / "texts", sizes=[0, 100, 3_000, 30_000])
        fault, ended_early = run_to_first_fault(random_, kinds, directory)
        faults = [fault]
        trial.kills += ended_early
        if random_.random() < 0.3:
            faults.append(draw_fault(random_, kinds, 40))  # while it recovers
            trial.kills += run_with_fault(command(random_, directory), directory, faults[-1])[0]
        code, said, _ = run(command(random_, directory), directory, "stop:0")
        if code != 0:
            raise trials.Failed(f"exit code {code} after {', '.join(faults)}: {said}")
        trials.check_output(directory / "out", truth)
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    trial.seconds = time.monotonic() - start
    return trial


def run_undisturbed(directory: pathlib.Path) -> float:
    start = time.monotonic()
    code, said, _ = run(command(random.Random(2), directory), directory, "stop:0")
    if code != 0:
        raise trials.Failed(f"exit code {code} without any fault: {said}")
    return time.monotonic() - start


if __name__ == "__main__":
    row = sys.argv.pop(1)
    sys.exit(trials.main(row, __doc__.splitlines()[0], ["wordcount_faulty", "rheon"], run_undisturbed,
                         functools.partial(run_trial, {"T-02": STOP, "T-05": ERRORS}[row]), "runs that ended early"))
