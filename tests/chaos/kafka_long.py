#!/usr/bin/env python3
"""T-01-kafka-long: one long run from a topic of a real Kafka to another, killed with kill -9 again and again; every word
must have each count 1..n exactly once for who reads what is committed.

--count is how often it is killed; the topic has 300,000 words for each kill, and a life ends after 0.05 to 0.3 s, so that
the last one finds some left. Takes the broker that runs, or starts one: `./dev kafka up --version V` before it says which.
"""

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

WORDS_A_KILL = 300_000
DICTIONARY = 9_000


def fill(topic: str, words: int, random_: random.Random) -> collections.Counter:
    """Ten words a message. Says how often each was written."""
    dictionary = ["".join(random_.choices("abcdefghijklmnopqrstuvwxyz", k=random_.randint(2, 12))) for _ in range(DICTIONARY)]
    truth: collections.Counter = collections.Counter()
    with subprocess.Popen(["kcat", "-P", "-b", kafka_kill.BROKER, "-t", topic, "-X", "partitioner=random"],
                          stdin=subprocess.PIPE) as kcat:
        for _ in range(words // 10_000):
            some = random_.choices(dictionary, k=10_000)
            truth.update(some)
            lines = (" ".join(some[i:i + 10]) for i in range(0, len(some), 10))
            kcat.stdin.write(("\n".join(lines) + "\n").encode())
        kcat.stdin.close()
        if kcat.wait() != 0:
            raise trials.Failed(f"kcat: exit code {kcat.returncode}")
    return truth


def check(topic: str, truth: collections.Counter) -> None:
    """One bit a count; kcat sees what is committed."""
    seen = {word: bytearray(n + 1) for word, n in truth.items()}
    with subprocess.Popen(["kcat", "-C", "-b", kafka_kill.BROKER, "-t", topic, "-e", "-q", "-K", ",", "-X",
                           "isolation.level=read_committed"], stdout=subprocess.PIPE, text=True) as kcat:
        for line in kcat.stdout:
            word, count = line.rstrip("\n").split(",")
            number = int(count)
            if word not in seen or not 1 <= number <= truth[word] or seen[word][number]:
                kcat.kill()
                raise trials.Failed(f"'{word}' stands {truth[word]} times in the topic, and {number} is there twice or wrong")
            seen[word][number] = 1
    for word, marks in seen.items():
        if sum(marks) != truth[word]:
            missing = [n for n in range(1, truth[word] + 1) if not marks[n]]
            raise trials.Failed(f"'{word}' stands {truth[word]} times in the topic; missing: {missing[:5]}")


def run(kills: int, seed: int) -> str:
    """A sentence about it; trials.Failed says what is wrong."""
    random_ = random.Random(seed)
    directory = trials.new_directory(f"kafka-long-{seed}")
    topic = f"long-{seed}-{time.monotonic_ns()}"
    for name in (topic, f"{topic}-counts"):
        kafka("topic", name, "--partitions", "4")
    kafka("topic", "wordcount.commit", "--delete")  # of another data directory
    truth = fill(topic, kills * WORDS_A_KILL, random_)
    line = [str(trials.BIN / "wordcount"), "run", "--input", f"kafka://{kafka_kill.BROKER}/{topic}", "--stop-at-end", "--output",
            f"kafka://{kafka_kill.BROKER}/{topic}-counts", "--data-dir", str(directory / "data"), "--log-level", "error"]
    done = 0
    start = time.monotonic()
    while done < kills:
        if not trials.run_and_kill([*line, "--shards", str(random_.randint(1, 4))], random_.uniform(0.05, 0.3)):
            break
        done += 1
    trials.run_to_the_end(line, limit_s=600)
    seconds = time.monotonic() - start
    check(f"{topic}-counts", truth)
    trials.check_log(directory / "data")
    for name in (topic, f"{topic}-counts"):
        kafka("topic", name, "--delete")
    shutil.rmtree(directory)
    if done < kills:
        raise trials.Failed(f"the topic had ended after {done} kills: more than {WORDS_A_KILL} words go into a life")
    return f"{sum(truth.values()):,} words, {done} kills, {seconds:.0f} s: each count once"


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills one long run from a topic to another.")
    parser.add_argument("--count", type=int, default=200, help="kills; default 200")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        print(f"not there: {', '.join(missing)}. ./dev kafka up installs what it needs.")
        return trials.CANNOT_RUN_HERE
    ran_before = kafka("status") == 0
    try:
        kafka("up")
        print(run(args.count, args.seed))
        print(f"{args.count} passed, 0 failed")
    except trials.Failed as failed:
        print(f"{failed}\n{args.count - 1} passed, 1 failed")
        return trials.CANNOT_RUN_HERE if "could not fetch" in str(failed) else 1
    finally:
        if not ran_before:
            kafka("down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
