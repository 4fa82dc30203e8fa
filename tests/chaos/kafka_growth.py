#!/usr/bin/env python3
"""T-23: a topic grows from 4 to 64 partitions while a job counts its words into another topic; then it is deleted and
created again.

Words are written after each growth, to the new partitions as well, and the job, which is killed now and then, has to find
them by itself: every word must have each count 1..n exactly once for who reads what is committed. When the topic is another
one of the same name the job has to stop and say so; what it has counted stays. The broker is this row's own.
"""

import os

# Before kafka_kill asks ./dev kafka for anything.
os.environ["RHEON_KAFKA_CLUSTER"] = "cluster-t23"

import argparse
import collections
import random
import shutil
import subprocess
import sys
import time

import kafka_kill
import trials
from kafka_kill import NEEDED, kafka
from kafka_long import check, fill

PORT = 19600
FIRST, LAST = 4, 64
WORDS = 50_000  # after each growth
FINDS_WITHIN_S = 90  # new partitions: half a minute, and a start
STOPS_WITHIN_S = 120


class Job:
    def __init__(self, line: list[str], log_path) -> None:
        self.line = line
        self.log = log_path.open("a")
        self.log_path = log_path
        self.kills = 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.line, stdout=self.log, stderr=self.log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.start()

    def expect_running(self) -> None:
        if self.process.poll() is not None:
            raise trials.Failed(f"it has ended with exit code {self.process.returncode}: {self.last_words()}")

    def last_words(self) -> str:
        return " | ".join(self.log_path.read_text().splitlines()[-3:])

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def words_counted(topic: str) -> int:
    done = subprocess.run(["kcat", "-C", "-b", kafka_kill.BROKER, "-t", topic, "-e", "-q", "-X",
                           "isolation.level=read_committed"], capture_output=True, check=False)
    if done.returncode != 0:
        raise trials.Failed(f"kcat: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.count(b"\n")


def wait_until_counted(job: Job, topic: str, words: int) -> None:
    until = time.monotonic() + FINDS_WITHIN_S
    while (counted := words_counted(topic)) < words:
        job.expect_running()
        if time.monotonic() > until:
            raise trials.Failed(f"{counted} of {words} words are counted {FINDS_WITHIN_S} s after the last one was written")
        time.sleep(1)


def grow(job: Job, topic: str, random_: random.Random) -> collections.Counter:
    truth = fill(topic, WORDS, random_)
    partitions = FIRST
    while partitions < LAST:
        partitions = min(LAST, random_.randint(partitions + 1, 4 * partitions))
        kafka("topic", topic, "--partitions", str(partitions), "--grow")
        job.expect_running()
        truth.update(fill(topic, WORDS, random_))
        if partitions < LAST and random_.random() < 0.5:  # the last ones have to be found while it runs
            job.kill()
    wait_until_counted(job, f"{topic}-counts", sum(truth.values()))
    return truth


def replace(job: Job, topic: str, random_: random.Random) -> None:
    kafka("topic", topic, "--delete")
    time.sleep(random_.uniform(0, 3))
    kafka("topic", topic, "--partitions", str(FIRST))
    fill(topic, WORDS, random_)
    try:
        code = job.process.wait(STOPS_WITHIN_S)
    except subprocess.TimeoutExpired as late:
        raise trials.Failed(f"it goes on {STOPS_WITHIN_S} s after its topic has been replaced: {job.last_words()}") from late
    if code != 3 or "deleted and created again" not in job.last_words():
        raise trials.Failed(f"its topic was replaced, and it ended with exit code {code}: {job.last_words()}")


def run(seed: int) -> str:
    """A sentence about it; trials.Failed says what is wrong."""
    random_ = random.Random(seed)
    directory = trials.new_directory(f"growth-{seed}")
    topic = f"growth-{seed}-{time.monotonic_ns()}"
    for name in (topic, f"{topic}-counts"):
        kafka("topic", name, "--partitions", str(FIRST))
    kafka("topic", "wordcount.commit", "--delete")  # of another data directory
    line = [str(trials.BIN / "wordcount"), "run", "--input", f"kafka://{kafka_kill.BROKER}/{topic}",
            "--output", f"kafka://{kafka_kill.BROKER}/{topic}-counts", "--data-dir", str(directory / "data"),
            "--shards", str(random_.randint(1, 4))]
    start = time.monotonic()
    job = Job(line, directory / "log")
    try:
        truth = grow(job, topic, random_)
        replace(job, topic, random_)
    finally:
        job.end()
    trials.check_alarms((directory / "log").read_text())
    check(f"{topic}-counts", truth)
    trials.check_log(directory / "data")
    shutil.rmtree(directory)
    return f"seed {seed}: {sum(truth.values()):,} words, {job.kills} kills, {time.monotonic() - start:.0f} s: each count once, then a stop"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2, help="trials")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        print(f"not there: {', '.join(missing)}. ./dev kafka up installs what it needs.")
        return trials.CANNOT_RUN_HERE
    problems = []
    try:
        kafka("up", "--port", str(PORT))
        kafka_kill.BROKER = f"127.0.0.1:{PORT}"
        for seed in range(arguments.seed, arguments.seed + arguments.count):
            try:
                print(run(seed), flush=True)
            except trials.Failed as failed:
                problems.append(f"seed {seed}: {failed}\n  again: ./dev verify T-23 --count 1 --seed {seed}")
    except trials.Failed as failed:
        print(failed)
        return trials.CANNOT_RUN_HERE if "could not fetch" in str(failed) else 1
    finally:
        kafka("down", "--wipe")
    for problem in problems:
        print(problem)
    print(f"{arguments.count - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
