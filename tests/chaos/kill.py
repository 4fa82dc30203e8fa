#!/usr/bin/env python3
"""T-01: kill -9 of the real program at random moments; every word must still have each count 1..n exactly once.

A trial makes a corpus from its seed, runs `wordcount` over it, kills it 1 to 5 times in a row - while it starts,
recovers, runs or ends, each time with another number of shards - lets it finish, and compares the CSV files with the
words of the corpus. A failed trial keeps its directory below build/chaos/. The corpus and the plan repeat with the
seed; the moment at which a kill lands does not, quite.
"""

import pathlib
import random
import shutil
import sys
import time

import trials


def command(random_: random.Random, directory: pathlib.Path) -> list[str]:
    line = [str(trials.BIN / "wordcount"), "run", "--input", str(directory / "texts" / "*.txt"),
            "--output", str(directory / "out"), "--data-dir", str(directory / "data"),
            "--shards", str(random_.randint(1, 4)), "--log-level", "error"]
    interval = random_.choice([None, None, "1ms", "5ms", "40ms"])
    return line + (["--commit-interval", interval] if interval else [])


def run_undisturbed(directory: pathlib.Path) -> float:
    return trials.run_to_the_end(command(random.Random(2), directory))


def run_trial(seed: int, speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"seed-{seed}")
    random_ = random.Random(seed)
    try:
        truth = trials.write_corpus(random_, directory / "texts")
        longest = speed.start_s + sum(truth.values()) / speed.words_s
        for _ in range(random_.randint(1, 5)):
            after_s = random_.uniform(0, speed.start_s if random_.random() < 0.25 else longest)
            if trials.run_and_kill(command(random_, directory), after_s):
                trial.kills += 1
                trial.early += after_s < speed.start_s
            if random_.random() < 0.2 and (directory / "data" / "identity").exists():
                trials.check_log(directory / "data")
        trials.run_to_the_end(command(random_, directory))
        trials.check_output(directory / "out", truth)
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    trial.seconds = time.monotonic() - start
    return trial


if __name__ == "__main__":
    sys.exit(trials.main("T-01", "Kills wordcount at random moments and checks what it wrote.", ["wordcount", "rheon"],
                         run_undisturbed, run_trial))
