#!/usr/bin/env python3
"""Runs rows of the fault table: ./dev verify T-01 --count 1000 --seed 7, or ./dev verify --all --ci.

A row is one command that does `count` trials from `seed` and exits 0 only if all of them held; it prints what failed
and how to repeat it. A row that this checkout or machine cannot run (exit code 77, as in automake) is printed, counted
as not run, and fails the call unless tests/not_run.txt names it with a reason. With --record what was seen goes into
docs/reliability.md.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import reliability

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOT_RUN = ROOT / "tests" / "not_run.txt"
CANNOT_RUN_HERE = 77
STOPPED = threading.Event()  # by Ctrl-C
RECORDING = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    what: str
    command: str  # {bin}, {count} and {seed} are filled in
    quick: int  # trials in ./dev test; 0: the row is too long for it
    ci: int  # trials in ./dev verify --all --ci
    limit_s: int  # a row that takes longer counts as hanging
    unit: str = "trials"  # of which the command takes a number; trials have a seed each
    rotates: bool = False  # without --seed each commit takes the next ones
    waits: bool = False  # for brokers or the clock, most of the time: runs beside the other rows in continuous integration


ROWS = [
    Row("T-01", "kill -9 at a random moment, also during recovery",
        "python3 tests/chaos/kill.py --count {count} --seed {seed}", quick=10, ci=200, limit_s=1500),
    Row("T-01-composed", "kill -9 of two jobs, one reading the stream of the other",
        "python3 tests/chaos/composed.py --count {count} --seed {seed}", quick=3, ci=20, limit_s=900),
    Row("T-01-kafka", "kill -9 of a job that reads a topic of a real Kafka",
        "python3 tests/chaos/kafka_kill.py --jobs 1 --count {count} --seed {seed}", quick=0, ci=10, limit_s=900, waits=True),
    Row("T-01-kafka-long", "kill -9 again and again of one long run from topic to topic",
        "python3 tests/chaos/kafka_long.py --count {count} --seed {seed}", quick=0, ci=0, limit_s=3600, unit="kills"),
    Row("T-kafka-refusals", "a job at the doors of a real Kafka: TLS, SASL, and whom they refuse",
        "python3 tests/chaos/kafka_refusals.py --count {count} --seed {seed}", quick=0, ci=19, limit_s=900, unit="doors", waits=True),
    Row("T-02", "stop before the i-th write, sync, rename: all kept, unsynced lost, torn",
        "python3 tests/chaos/points.py T-02 --count {count} --seed {seed}", quick=20, ci=1000, limit_s=1500),
    Row("T-03", "power cut under the real program: a file system that forgets what was not synced",
        "python3 tests/chaos/power.py --count {count} --seed {seed}", quick=2, ci=20, limit_s=900),
    Row("T-04", "disk full, no inodes, then space again",
        "python3 tests/chaos/full_disk.py --count {count} --seed {seed}", quick=2, ci=20, limit_s=900),
    Row("T-05", "EIO, ENOSPC, short write, failed sync at the i-th operation",
        "python3 tests/chaos/points.py T-05 --count {count} --seed {seed}", quick=20, ci=500, limit_s=1500),
    Row("T-06", "one flipped bit, zeroed block or cut in any file",
        "python3 tests/chaos/rot.py --count {count} --seed {seed}", quick=10, ci=200, limit_s=900),
    Row("T-07", "a limit of memory is hit under load",
        "python3 tests/chaos/memory.py --count {count} --seed {seed}", quick=1, ci=5, limit_s=600),
    Row("T-10", "brokers of a real Kafka are killed and started again: the only one, one of three, all three",
        "python3 tests/chaos/kafka_brokers.py --count {count} --seed {seed}", quick=0, ci=3, limit_s=1200, waits=True),
    Row("T-12", "requests of transactions held, lost, repeated, delivered late by a proxy in front of a real Kafka",
        "python3 tests/chaos/kafka_lossy.py --count {count} --seed {seed}", quick=0, ci=200, limit_s=1200,
        unit="transactions", waits=True),
    Row("T-14", "simulation: a swarm of faults in virtual time",
        "{bin}/rheon_sim --count {count} --seed {seed}", quick=100, ci=5000, limit_s=1500),
    Row("T-14-rare", "the same with branches taken that are rare by themselves, under the address sanitizer",
        "build/asan/bin/rheon_sim --rare-branches --count {count} --seed {seed}", quick=0, ci=150, limit_s=1500),
    Row("T-15", "a seed has one history: twice, and in every build that is there",
        "python3 tests/chaos/same_trace.py --count {count} --seed {seed}", quick=10, ci=100, limit_s=900),
    Row("T-17", "fuzzing of every parser of outside bytes, so many seconds each",
        "python3 tests/chaos/fuzz.py --count {count} --seed {seed}", quick=0, ci=10, limit_s=900, unit="seconds each"),
    Row("T-18", "soak: steady load and a fault now and then, so many minutes, then calm",
        "python3 tests/chaos/soak.py --count {count} --seed {seed}", quick=0, ci=3, limit_s=900, unit="minutes", waits=True),
    Row("T-20", "the wall clock jumps by seconds to years, stands still, goes back",
        "python3 tests/chaos/clock.py --count {count} --seed {seed}", quick=2, ci=20, limit_s=900),
    Row("T-21", "33 kinds of bad record among some thousand good ones, lines of up to 100 MB",
        "python3 tests/chaos/poison.py --count {count} --seed {seed}", quick=2, ci=10, limit_s=600),
    Row("T-22", "the reader of a sink stalls, or takes a byte a second",
        "python3 tests/chaos/stall.py --count {count} --seed {seed}", quick=0, ci=5, limit_s=600),
    Row("T-23", "a topic gets more partitions while it is read, is deleted and created again",
        "python3 tests/chaos/kafka_growth.py --count {count} --seed {seed}", quick=0, ci=1, limit_s=1200, waits=True),
    Row("T-24", "state of an older build under a newer one: 1,066 pairs of versions, 1,000 keys each",
        "python3 tests/chaos/evolution.py --count {count} --seed {seed}", quick=20, ci=1066, limit_s=900),
    Row("T-26", "bugs put into the code by hand, each caught by a test",
        "python3 tests/mutants/run.py --count {count} --seed {seed}", quick=0, ci=3, limit_s=2400, unit="mutants",
        rotates=True),
]


def excuses() -> dict[str, str]:
    """Rows that may stay undone, with the reason: lines 'ID reason' in tests/not_run.txt."""
    reasons = {}
    if NOT_RUN.exists():
        for line in NOT_RUN.read_text().splitlines():
            row, _, reason = line.partition("#")[0].strip().partition(" ")
            if row and reason.strip():
                reasons[row] = reason.strip()
    return reasons


def missing_piece(command: list[str]) -> str:
    """What of a command is not there: a program or a script of this repository."""
    if not shutil.which(command[0], path=None) and not (ROOT / command[0]).exists():
        return command[0]
    if command[0] == "python3" and not (ROOT / command[1]).exists():
        return command[1]
    return ""


def run(command: list[str], limit_s: int, bin_dir: str, live: bool) -> tuple[int | None, str]:
    """Runs a row's command; its exit code (none: it took too long), and what it printed, which is shown as it comes when live,
    otherwise in one piece at the end."""
    environment = dict(os.environ, RHEON_BIN_DIR=str((ROOT / bin_dir).resolve()))
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, text=True, errors="replace",
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []

    def pass_on() -> None:
        for line in process.stdout:
            said.append(line)
            if live:
                print(line, end="", flush=True)

    reading = threading.Thread(target=pass_on)
    reading.start()
    code = None
    end = time.monotonic() + limit_s
    try:
        while code is None and time.monotonic() < end and not STOPPED.is_set():
            try:
                code = process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    reading.join(timeout=10)
    return code, "".join(said)


def failures_in(said: str) -> int | None:
    """What the last line 'N passed, N failed ...' of a row says."""
    found = re.findall(r"^\d+ passed, (\d+) failed", said, re.MULTILINE)
    return int(found[-1]) if found else None


def why_not(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1] if lines else "it does not say why"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev verify", description="Runs rows of the fault table.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="rows, e.g. T-01")
    parser.add_argument("--all", action="store_true", help="all rows")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--count", type=int, help="trials per row")
    size.add_argument("--ci", action="store_true", help="as many trials as continuous integration does")
    size.add_argument("--quick", action="store_true", help="as many trials as ./dev test does (default)")
    parser.add_argument("--seed", help="number, or 'random'; default 1, and where trials rotate the number of commits")
    parser.add_argument("--bin", default="build/bin", help="folder of the programs; default build/bin")
    parser.add_argument("--report", help="also write the counts to this JSON file")
    parser.add_argument("--record", action="store_true", help="write what was seen into docs/reliability.md")
    args = parser.parse_args()
    known = {row.id for row in ROWS}
    if not args.ids and not args.all:
        parser.error("name a row, or --all; rows: " + ", ".join(sorted(known)))
    for row in args.ids:
        if row not in known:
            parser.error(f"no row {row}; rows: " + ", ".join(sorted(known)))
    if args.seed == "random":
        args.seed = str(random.SystemRandom().randrange(1 << 31))
    return args


def number_of_commits() -> int:
    counted = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(counted.stdout) if counted.returncode == 0 else 1


@dataclasses.dataclass
class Outcome:
    row: Row
    count: int
    seconds: float
    verdict: str
    failure: str = ""  # a sentence, when the call fails because of this row
    not_run: bool = False


def run_row(row: Row, count: int, args: argparse.Namespace, live: bool) -> Outcome:
    seed = int(args.seed or (number_of_commits() if row.rotates else 1))
    command = row.command.format(bin=args.bin, count=count, seed=seed).split()
    start = time.monotonic()
    code, said, limit_s = CANNOT_RUN_HERE, "", row.limit_s
    if missing := missing_piece(command):
        said = f"{missing} is not there"
    else:
        title = f"{row.id}: {' '.join(command)}\n"
        print(title if live else "", end="", flush=True)
        limit_s = row.limit_s * max(1, count // max(row.ci, 1))
        code, said = run(command, limit_s, args.bin, live)
        print("" if live else title + said, end="", flush=True)
    repeat = f"./dev verify {row.id} --count {count} --seed {seed}"
    if args.record and code != CANNOT_RUN_HERE and not STOPPED.is_set():
        seeds = f"{seed}-{seed + count - 1}" if row.unit == "trials" else str(seed)
        with RECORDING:
            reliability.record(row.id, row.what, f"{count:,} {row.unit}", failures_in(said), seeds, repeat)
    outcome = Outcome(row, count, time.monotonic() - start, "passed")
    if code == CANNOT_RUN_HERE:
        outcome.verdict = f"not run: {why_not(said)}"
        outcome.not_run = True
        if row.id not in excuses():
            outcome.failure = f"{row.id}: {outcome.verdict}"
    elif code != 0:
        outcome.verdict = "FAILED: " + (f"still running after {limit_s} s" if code is None else f"exit code {code}")
        outcome.failure = f"{row.id}: {outcome.verdict}; repeat: {repeat}"
    return outcome


def run_rows(args: argparse.Namespace) -> list[Outcome]:
    """In the order of the table. In continuous integration rows that wait run one after the other beside the rest."""
    counts = {row: args.count or (row.ci if args.ci else row.quick) for row in ROWS if args.all or row.id in args.ids}
    rows = [row for row, count in counts.items() if count > 0]
    beside = [row for row in rows if row.waits and args.ci and args.all]
    outcomes = {}

    def run_these(these: list[Row], live: bool) -> None:
        for row in these:
            if not STOPPED.is_set():
                outcomes[row] = run_row(row, counts[row], args, live)

    with concurrent.futures.ThreadPoolExecutor(1) as lane:
        ended = lane.submit(run_these, beside, False)
        try:
            run_these([row for row in rows if row not in beside], True)
            ended.result()
        except BaseException:
            STOPPED.set()
            raise
    return [outcomes[row] for row in rows]


def main() -> int:
    args = arguments()
    outcomes = run_rows(args)
    table = [("row", "fault", "trials", "s", "result")]
    table += [(each.row.id, each.row.what, str(each.count), f"{each.seconds:.1f}", each.verdict) for each in outcomes]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    print()
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    failures = [each.failure for each in outcomes if each.failure]
    for failure in failures:
        print(failure)
    not_run = sum(each.not_run for each in outcomes)
    if not_run:
        print(f"{not_run} not run")
    passed = sum(each.verdict == "passed" for each in outcomes)
    print(f"{passed} passed, {len(failures)} failed")
    if args.report:
        pathlib.Path(args.report).write_text(
            json.dumps({"passed": passed, "failed": len(failures), "not_run": not_run, "failures": failures}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
