#!/usr/bin/env python3
"""T-06: a flipped bit, a zeroed block or a truncation in any file of a data directory is found, never skipped.

A trial makes a corpus from its seed, counts its words without draining, and damages one file. `rheon log check` must
say so; and the job, run again, either refuses with a sentence or goes on with everything that was committed.
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import time

import trials

NO_DATA = {"lock", "ballast"}  # the one is empty, the other is there to be deleted
BLOCK = 4096


def command(random_: random.Random, directory: pathlib.Path) -> list[str]:
    line = [str(trials.BIN / "wordcount"), "run", "--input", str(directory / "texts" / "*.txt"),
            "--output", str(directory / "out"), "--data-dir", str(directory / "data"), "--no-drain",
            "--shards", str(random_.randint(1, 3)), "--log-level", "error"]
    interval = random_.choice([None, "1ms"])
    return line + (["--commit-interval", interval] if interval else [])


def run_undisturbed(directory: pathlib.Path) -> float:
    return trials.run_to_the_end(command(random.Random(2), directory))


def findings(directory: pathlib.Path) -> list[str]:
    done = subprocess.run([str(trials.BIN / "rheon"), "log", "check", str(directory), "--json"], capture_output=True,
                          text=True, timeout=trials.LIMIT_S, check=False)
    if done.returncode != 0 and not done.stdout:
        return [done.stderr.strip() or f"exit code {done.returncode} without a word"]
    return [finding["sentence"] for finding in json.loads(done.stdout)["findings"]]


def damage(random_: random.Random, directory: pathlib.Path) -> str:
    """Damages one file; what was done to it, as a sentence."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name not in NO_DATA)
    while True:
        path = random_.choice(files)
        old = path.read_bytes()
        if not old:
            continue
        kind = random_.choice(["bit", "block", "cut"])
        at = random_.randrange(len(old))
        new = bytearray(old)
        if kind == "bit":
            new[at] ^= 1 << random_.randrange(8)
        elif kind == "block":
            at -= at % BLOCK
            length = min(BLOCK, len(old) - at)
            new[at:at + length] = bytes(length)
        else:
            del new[at:]
        if new != old and any(old[at:]):  # a cut of zeros that were allocated ahead takes nothing
            with path.open("r+b") as file:  # the same file: only what stands in it changes
                file.truncate(len(new))
                file.write(new)
            return f"{kind} at {at} of {path.relative_to(directory)} ({len(old)} bytes)"


def run_trial(seed: int, _speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"rot-{seed}")
    random_ = random.Random(seed)
    try:
        truth = trials.write_corpus(random_, directory / "texts", sizes=[100, 3_000, 100_000])
        trials.run_to_the_end(command(random_, directory))
        if found := findings(directory / "data"):
            raise trials.Failed(f"found before anything was damaged: {found}")
        done = damage(random_, directory / "data")
        trial.kills += 1
        if not findings(directory / "data"):
            raise trials.Failed(f"log check has not noticed: {done}")
        again = subprocess.run(command(random_, directory), capture_output=True, text=True, timeout=trials.LIMIT_S, check=False)
        trials.check_alarms(again.stderr)
        if again.returncode == 0:
            trials.check_output(directory / "out", truth)
        elif again.returncode != 3 or not again.stderr.strip():
            raise trials.Failed(f"exit code {again.returncode} after {done}: {again.stderr.strip() or '(nothing was said)'}")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    trial.seconds = time.monotonic() - start
    return trial


if __name__ == "__main__":
    sys.exit(trials.main("T-06", __doc__.splitlines()[0], ["wordcount", "rheon"], run_undisturbed, run_trial, "damages"))
