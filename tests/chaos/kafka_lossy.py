#!/usr/bin/env python3
"""T-12: a job writes to a real Kafka through a proxy that holds requests of transactions, loses them or their answers,
delivers them twice, or late on another connection, behind what the job has done meanwhile. Every word must have each count
1..n exactly once for who reads what is committed.

--count is the number of transactions. Even seeds take Kafka 3.9.1, odd ones 4.3.0: the broker is this row's own.
"""

import os

# Before kafka_kill asks ./dev kafka for anything.
os.environ["RHEON_KAFKA_CLUSTER"] = "cluster-t12"

import argparse
import collections
import pathlib
import random
import shutil
import subprocess
import sys
import time

import kafka_kill
import trials
from kafka_kill import NEEDED, kafka
from kafka_long import check
from kafka_proxy import FAULTS, Proxy

PORT = 19600
BROKER_PORT, PROXY_PORT = PORT + 400, PORT + 500  # the listener whose clients are sent to the proxy
VERSIONS = ("3.9.1", "4.3.0")  # by the seed: they speak two protocols of transactions
WORDS_A_BEAT, BEAT_S = 200, 0.01
DICTIONARY = 900
LONGEST_TRANSACTION_S = 5  # on average, with what is done to it
ENDS_WITHIN_S = 120


class Watched:
    """A job, started again by whoever watches over it when it gave up because too many epochs were aborted in a minute."""

    GAVE_UP = "abort within a minute"

    def __init__(self, line: list[str], log_path: pathlib.Path) -> None:
        self.line, self.log_path = line, log_path
        self.restarts = -1
        self.start()

    def start(self) -> None:
        self.restarts += 1
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(self.line, stdout=log, stderr=log)

    def gave_up(self) -> bool:
        lines = self.log_path.read_text().splitlines()
        return self.process.returncode == 1 and bool(lines) and self.GAVE_UP in lines[-1]

    def keep_running(self) -> None:
        if self.process.poll() is None:
            return
        if not self.gave_up():
            raise trials.Failed(f"exit code {self.process.returncode}: {self.log_path}")
        self.start()

    def end(self) -> None:
        self.process.terminate()
        if self.process.wait(ENDS_WITHIN_S) != 0 and not self.gave_up():
            raise trials.Failed(f"exit code {self.process.returncode} after SIGTERM: {self.log_path}")
        trials.check_alarms(self.log_path.read_text())


def feed(topic: str, proxy: Proxy, transactions: int, job: Watched, random_: random.Random) -> collections.Counter:
    """Words, at a steady pace, until so many transactions were ended. Says how often each was written."""
    dictionary = ["".join(random_.choices("abcdefghijklmnopqrstuvwxyz", k=random_.randint(2, 12))) for _ in range(DICTIONARY)]
    truth: collections.Counter = collections.Counter()
    give_up_at = time.monotonic() + 30 + transactions * LONGEST_TRANSACTION_S
    with subprocess.Popen(["kcat", "-P", "-b", kafka_kill.BROKER, "-t", topic, "-X", "partitioner=random", "-X",
                           "linger.ms=1"], stdin=subprocess.PIPE) as kcat:
        while proxy.ends < transactions:
            job.keep_running()
            if time.monotonic() > give_up_at:
                raise trials.Failed(f"only {proxy.ends} transactions in {30 + transactions * LONGEST_TRANSACTION_S} s")
            some = random_.choices(dictionary, k=WORDS_A_BEAT)
            truth.update(some)
            kcat.stdin.write((" ".join(some) + "\n").encode())
            kcat.stdin.flush()
            time.sleep(BEAT_S)
        kcat.stdin.close()
        if kcat.wait() != 0:
            raise trials.Failed(f"kcat: exit code {kcat.returncode}")
    return truth


def run(transactions: int, seed: int) -> str:
    """A sentence about it; trials.Failed says what is wrong."""
    random_ = random.Random(seed)
    directory = trials.new_directory(f"lossy-{seed}")
    topic = f"lossy-{seed}-{time.monotonic_ns()}"
    for name in (topic, f"{topic}-counts"):
        kafka("topic", name, "--partitions", "4")
    line = [str(trials.BIN / "wordcount"), "run", "--input", f"kafka://127.0.0.1:{PORT}/{topic}",
            "--output", f"kafka://127.0.0.1:{PROXY_PORT}/{topic}-counts", "--data-dir", str(directory / "data"),
            "--commit-interval", "2ms", "--shards", "2"]
    start = time.monotonic()
    with Proxy(PROXY_PORT, BROKER_PORT, seed) as proxy:
        job = Watched(line, directory / "log")
        try:
            truth = feed(topic, proxy, transactions, job, random_)
            job.end()
            proxy.quiet = True
            trials.run_to_the_end([*line, "--stop-at-end"], limit_s=ENDS_WITHIN_S)
        except subprocess.TimeoutExpired as late:
            raise trials.Failed(f"the job has not ended after {ENDS_WITHIN_S} s: {directory}/log") from late
        finally:
            job.process.kill()
            job.process.wait()
    seconds = time.monotonic() - start
    check(f"{topic}-counts", truth)
    trials.check_log(directory / "data")
    shutil.rmtree(directory)
    missing = [fault for fault in FAULTS if not proxy.faults[fault]]
    if missing and transactions >= 200:
        raise trials.Failed(f"no request was {missing[0]}: nothing was tried")
    faults = ", ".join(f"{proxy.faults[fault]} {fault}" for fault in FAULTS)
    return f"{sum(truth.values()):,} words, {proxy.ends} transactions, {seconds:.0f} s, {job.restarts} restarts: each count once. Requests: {faults}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="transactions")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        print(f"not there: {', '.join(missing)}. ./dev kafka up installs what it needs.")
        return trials.CANNOT_RUN_HERE
    try:
        kafka("up", "--port", str(PORT), "--version", VERSIONS[arguments.seed % len(VERSIONS)])
        kafka_kill.BROKER = f"127.0.0.1:{PORT}"
        print(run(arguments.count, arguments.seed))
        print(f"{arguments.count} passed, 0 failed")
    except trials.Failed as failed:
        print(f"{failed}\n{arguments.count - 1} passed, 1 failed")
        return trials.CANNOT_RUN_HERE if "could not fetch" in str(failed) else 1
    finally:
        kafka("down", "--wipe")
    return 0


if __name__ == "__main__":
    sys.exit(main())
