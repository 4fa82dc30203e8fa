#!/usr/bin/env python3
"""Runs rows of the fault table: ./dev verify T-01 --count 1000 --seed 7, or ./dev verify --all --ci.

A row is one command that does `count` trials from `seed` and exits 0 only if all of them held; it prints what failed
and how to repeat it. A row that this checkout or machine cannot run is printed, counted as not run, and fails the
call unless tests/not_run.txt names it with a reason.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOT_RUN = ROOT / "tests" / "not_run.txt"


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    what: str
    command: str  # {bin}, {count} and {seed} are filled in
    quick: int  # trials in ./dev test
    ci: int  # trials in ./dev verify --all --ci
    limit_s: int  # a row that takes longer counts as hanging


ROWS = [
    Row("T-01", "kill -9 at a random moment, also during recovery",
        "python3 tests/chaos/kill.py --count {count} --seed {seed}", quick=10, ci=200, limit_s=1500),
    Row("T-01-composed", "kill -9 of two jobs, one reading the stream of the other",
        "python3 tests/chaos/composed.py --count {count} --seed {seed}", quick=3, ci=20, limit_s=900),
    Row("T-14", "simulation: a swarm of faults in virtual time",
        "{bin}/rheon_sim --count {count} --seed {seed}", quick=100, ci=1000, limit_s=1500),
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


def run(command: list[str], limit_s: int, bin_dir: str) -> str:
    """Runs a row's command; the answer is empty, or says what went wrong."""
    environment = dict(os.environ, RHEON_BIN_DIR=str((ROOT / bin_dir).resolve()))
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        code = process.wait(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"still running after {limit_s} s"
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return "" if code == 0 else f"exit code {code}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev verify", description="Runs rows of the fault table.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="rows, e.g. T-01")
    parser.add_argument("--all", action="store_true", help="all rows")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--count", type=int, help="trials per row")
    size.add_argument("--ci", action="store_true", help="as many trials as continuous integration does")
    size.add_argument("--quick", action="store_true", help="as many trials as ./dev test does (default)")
    parser.add_argument("--seed", default="1", help="number, or 'random'; default 1")
    parser.add_argument("--bin", default="build/bin", help="folder of the programs; default build/bin")
    parser.add_argument("--report", help="also write the counts to this JSON file")
    args = parser.parse_args()
    known = {row.id for row in ROWS}
    if not args.ids and not args.all:
        parser.error("name a row, or --all; rows: " + ", ".join(sorted(known)))
    for row in args.ids:
        if row not in known:
            parser.error(f"no row {row}; rows: " + ", ".join(sorted(known)))
    args.seed = random.SystemRandom().randrange(1 << 31) if args.seed == "random" else int(args.seed)
    return args


def main() -> int:
    args = arguments()
    reasons = excuses()
    table, failures = [], []
    passed = not_run = 0
    for row in ROWS:
        if not args.all and row.id not in args.ids:
            continue
        count = args.count or (row.ci if args.ci else row.quick)
        command = row.command.format(bin=args.bin, count=count, seed=args.seed).split()
        start = time.monotonic()
        if missing := missing_piece(command):
            not_run += 1
            reason = reasons.get(row.id)
            verdict = f"not run: {reason or missing + ' is not there'}"
            if not reason:
                failures.append(f"{row.id}: {verdict}")
        else:
            print(f"{row.id}: {' '.join(command)}", flush=True)
            problem = run(command, row.limit_s, args.bin)
            verdict = f"FAILED: {problem}" if problem else "passed"
            if problem:
                failures.append(f"{row.id}: {problem}; repeat: ./dev verify {row.id} --count {count} --seed {args.seed}")
            else:
                passed += 1
        table.append((row.id, row.what, str(count), f"{time.monotonic() - start:.1f}", verdict))

    header = ("row", "fault", "trials", "s", "result")
    widths = [max(len(line[column]) for line in [header, *table]) for column in range(len(header))]
    print()
    for line in [header, *table]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    for failure in failures:
        print(failure)
    if not_run:
        print(f"{not_run} not run")
    print(f"{passed} passed, {len(failures)} failed")
    if args.report:
        pathlib.Path(args.report).write_text(
            json.dumps({"passed": passed, "failed": len(failures), "not_run": not_run, "failures": failures}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
