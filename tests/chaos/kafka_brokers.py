#!/usr/bin/env python3
"""T-10: brokers are killed with kill -9 and started again while a job goes from topic to topic; every word must have each
count 1..n exactly once for who reads what is committed, and the job must end by itself.

By the seed: the one broker of a cluster of one, one of three, or all three at once. The brokers are this row's own.
"""

import os

# Before kafka_kill asks ./dev kafka for anything.
os.environ["RHEON_KAFKA_CLUSTER"] = "cluster-t10"

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import time

import kafka_kill
import trials
from kafka_kill import NEEDED, kafka
from kafka_long import check, fill

PORT = 19500
WORDS = 6_000_000
CLUSTER = trials.ROOT / "build" / "kafka" / os.environ["RHEON_KAFKA_CLUSTER"]
KINDS = [("the only broker", 1, 1), ("one of three", 3, 1), ("all three", 3, 3)]
ENDS_WITHIN_S = 180


def use_cluster(brokers: int) -> None:
    """One of so many brokers runs then; another one is gone."""
    state = CLUSTER / "cluster.json"
    if state.exists() and json.loads(state.read_text())["brokers"] != brokers:
        kafka("down", "--wipe")
    kafka("up", "--brokers", str(brokers), "--port", str(PORT))


def kill_brokers(brokers: int, victims: int, random_: random.Random) -> None:
    for number in random_.sample(range(1, brokers + 1), victims):
        os.kill(int((CLUSTER / f"broker-{number}" / "pid").read_text()), signal.SIGKILL)


def disturb(job: subprocess.Popen, brokers: int, victims: int, random_: random.Random) -> int:
    """Until the job has ended; how often brokers were killed."""
    kills = 0
    for _ in range(random_.randint(1, 3)):
        time.sleep(random_.uniform(0.05, 0.4))
        if job.poll() is not None:
            break
        kill_brokers(brokers, victims, random_)
        kills += 1
        time.sleep(random_.uniform(0, 2))
        use_cluster(brokers)
    return kills


def run(seed: int) -> int:
    """How often brokers were killed; trials.Failed says what is wrong."""
    random_ = random.Random(seed)
    what, brokers, victims = KINDS[seed % len(KINDS)]
    use_cluster(brokers)
    kafka_kill.BROKER = ",".join(f"127.0.0.1:{PORT + i}" for i in range(brokers))
    directory = trials.new_directory(f"brokers-{seed}")
    topic = f"brokers-{seed}-{time.monotonic_ns()}"
    for name in (topic, f"{topic}-counts"):
        kafka("topic", name, "--partitions", "4")
    kafka("topic", "wordcount.commit", "--delete")  # of another data directory
    truth = fill(topic, WORDS, random_)
    line = [str(trials.BIN / "wordcount"), "run", "--input", f"kafka://{kafka_kill.BROKER}/{topic}", "--stop-at-end",
            "--output", f"kafka://{kafka_kill.BROKER}/{topic}-counts", "--data-dir", str(directory / "data"),
            "--shards", str(random_.randint(1, 4))]
    with (directory / "log").open("w") as log:
        job = subprocess.Popen(line, stdout=log, stderr=log)
    try:
        kills = disturb(job, brokers, victims, random_)
        code = job.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired as late:
        raise trials.Failed(f"seed {seed}, {what}: the job has not ended {ENDS_WITHIN_S} s after the last broker came "
                            f"back: {directory}/log") from late
    finally:
        job.kill()
        job.wait()
    trials.check_alarms((directory / "log").read_text())
    said = (directory / "log").read_text().splitlines()[-3:]
    if code == 1 and ("cannot be asked for" in said[-1] or "cannot be made" in said[-1]):
        # Half a minute without a broker is too long for a start; whoever watches over it starts it again.
        trials.run_to_the_end(line, limit_s=ENDS_WITHIN_S)
    elif code != 0:
        raise trials.Failed(f"seed {seed}, {what}: exit code {code}: {' | '.join(said)} ({directory}/log)")
    check(f"{topic}-counts", truth)
    trials.check_log(directory / "data")
    for name in (topic, f"{topic}-counts"):
        kafka("topic", name, "--delete")
    shutil.rmtree(directory)
    if kills == 0:
        raise trials.Failed(f"seed {seed}, {what}: the job ended before a broker was killed: it needs more words")
    return kills


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=len(KINDS), help="trials")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        print(f"not there: {', '.join(missing)}. ./dev kafka up installs what it needs.")
        return trials.CANNOT_RUN_HERE
    passed = kills = 0
    problems = []
    try:
        # Those of a kind one behind the other: a cluster is made in half a minute.
        for seed in sorted(range(arguments.seed, arguments.seed + arguments.count), key=lambda seed: seed % len(KINDS)):
            begin = time.monotonic()
            try:
                kills += run(seed)
                passed += 1
                print(f"seed {seed}, {KINDS[seed % len(KINDS)][0]}: {time.monotonic() - begin:.0f} s", flush=True)
            except trials.Failed as failed:
                if "could not fetch" in str(failed):
                    print(failed)
                    return trials.CANNOT_RUN_HERE
                problems.append(f"{failed}\n  again: python3 tests/chaos/kafka_brokers.py --count 1 --seed {seed}")
    finally:
        kafka("down", "--wipe")
    for problem in problems:
        print(problem)
    print(f"{passed} passed, {len(problems)} failed ({kills} times brokers were killed)")
    return 1 if problems or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
