#!/usr/bin/env python3
"""T-17: fuzzing of every parser of outside bytes, under the address and undefined-behaviour sanitizers.

Each program of fuzz/ first reads its kept inputs (fuzz/corpus/NAME/), then makes new ones of them for --count seconds. It
must not crash, no input may take longer than 1 s, and it must not hold more than 256 MB. An input that fails is kept below
build/chaos/fuzz/; once the defect is mended it belongs into the kept ones.
"""

import argparse
import concurrent.futures
import dataclasses
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import trials

CORPUS = trials.ROOT / "fuzz" / "corpus"
KEPT = trials.ROOT / "build" / "chaos" / "fuzz"
LIMITS = ["-timeout=1", "-rss_limit_mb=256"]
ENVIRONMENT = {
    # What was freed is kept for a while to find uses of it: by default so much that it alone would be the limit.
    "ASAN_OPTIONS": "quarantine_size_mb=16:malloc_context_size=8:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
SLACK_S = 60  # to start, and to read the kept inputs


@dataclasses.dataclass
class Result:
    name: str
    executions: int = 0
    problem: str = ""


def names() -> list[str]:
    return sorted(path.stem for path in (trials.ROOT / "fuzz").glob("*.cc"))


def folder_of_programs() -> pathlib.Path | None:
    """Where the preset asan puts them, if it has put all of them there."""
    place = trials.ROOT / "build" / "asan" / "bin"
    return place if all(program(place, name).exists() for name in names()) else None


def program(folder: pathlib.Path, name: str) -> pathlib.Path:
    return folder / f"fuzz_{name}"


def what_failed(output: str) -> str:
    """The lines that say what is wrong and where."""
    telling = re.compile(r"ERROR: |runtime error: |assert|^\s+#\d+ .* in rheon::(?!assertion_failed)")
    lines = [line.strip() for line in output.splitlines() if telling.search(line)]
    return "\n  ".join(line[:200] for line in lines[:6]) or output.strip()[-400:]


def run(folder: pathlib.Path, name: str, seconds: int, seed: int) -> Result:
    result = Result(name)
    artifacts = KEPT / name
    artifacts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fresh:  # new inputs go to the first folder: the kept ones stay as they are
        line = [str(program(folder, name)), *LIMITS, f"-max_total_time={seconds}" if seconds else "-runs=0", f"-seed={seed}", f"-artifact_prefix={artifacts}/",
                "-print_final_stats=1", fresh, str(CORPUS / name)]
        try:
            done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False,
                                  timeout=seconds + SLACK_S, env={**os.environ, **ENVIRONMENT})
        except subprocess.TimeoutExpired:
            result.problem = f"has not ended {SLACK_S} s after its time"
            return result
    if match := re.search(r"stat::number_of_executed_units: *([0-9]+)", done.stderr):
        result.executions = int(match.group(1))
    if done.returncode != 0:
        kept = re.search(r"Test unit written to (\S+)", done.stderr)
        again = kept.group(1) if kept else " ".join(line[1:-2] + line[-1:])
        settings = " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
        result.problem = (f"exit code {done.returncode}\n  {what_failed(done.stderr)}\n"
                          f"  repeat: {settings} {line[0]} {' '.join(LIMITS)} {again}")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="fuzzers; default all")
    parser.add_argument("--count", type=int, default=10, help="seconds for each fuzzer; default 10")
    parser.add_argument("--seed", type=int, default=1, help="of each fuzzer; default 1")
    parser.add_argument("--jobs", type=int, default=2, help="fuzzers at the same time; default 2")
    args = parser.parse_args()
    folder = folder_of_programs()
    if folder is None:
        print("the fuzzers are not there: ./dev build --preset asan fuzzers", file=sys.stderr)
        return 2
    wanted = args.names or names()
    if unknown := set(wanted) - set(names()):
        parser.error(f"no fuzzer {', '.join(sorted(unknown))}; there are {', '.join(names())}")

    shutil.rmtree(KEPT, ignore_errors=True)
    failed = executions = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for result in pool.map(run, itertools.repeat(folder), wanted, itertools.repeat(args.count),
                               itertools.repeat(args.seed)):
            executions += result.executions
            print(f"{result.name}: {result.executions} inputs", flush=True)
            if result.problem:
                failed += 1
                print(f"{result.name}: {result.problem}", flush=True)
    print(f"{executions} inputs in all")
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
