#!/usr/bin/env python3
"""T-01-kafka: kill -9 of the real program while it reads a topic of a real Kafka and writes files or another topic; every
word must still have each count 1..n exactly once.

As T-01 (kill.py), but the texts go line by line into a topic of four partitions, written by kcat with a codec that the
seed chooses. Two of three seeds write a topic, which kcat reads as far as its transactions are committed; they need the
topic wordcount.commit for themselves: one trial at a time. Needs what ./dev kafka needs, and kcat; starts the broker when
none runs, and leaves it as it was.
"""

import pathlib
import random
import shutil
import subprocess
import sys
import time

import trials

BROKER = "127.0.0.1:19092"
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
NEEDED = ["java", "mvn", "kcat"]


def kafka(*arguments: str) -> int:
    """./dev kafka, quietly."""
    done = subprocess.run([sys.executable, str(trials.ROOT / "tools" / "kafka" / "broker.py"), *arguments],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0 and arguments[0] != "status":
        raise trials.Failed(f"./dev kafka {' '.join(arguments)}: {(done.stdout + done.stderr).strip()[-400:]}")
    return done.returncode


def fill_topic(name: str, texts: pathlib.Path, codec: str) -> None:
    """One message a line; lines without a word are no loss."""
    kafka("topic", name, "--partitions", "4")
    lines = b"".join(path.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n" for path in sorted(texts.iterdir()))
    lines = b"".join(line + b"\n" for line in lines.split(b"\n") if line)
    done = subprocess.run(["kcat", "-P", "-b", BROKER, "-t", name, "-z", codec, "-X", "partitioner=random"], input=lines,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise trials.Failed(f"kcat: {done.stderr.decode(errors='replace').strip()}")


def read_topic(name: str, directory: pathlib.Path) -> None:
    """What its readers see, as files::csv would have written it."""
    done = subprocess.run(["kcat", "-C", "-b", BROKER, "-t", name, "-e", "-q", "-K", ",", "-X",
                           "isolation.level=read_committed"], capture_output=True, check=False)
    if done.returncode != 0:
        raise trials.Failed(f"kcat: {done.stderr.decode(errors='replace').strip()}")
    (directory / ".rheon").mkdir(parents=True)
    (directory / "topic.csv").write_bytes(done.stdout)
    (directory / ".rheon" / "committed").write_text(f"topic.csv {len(done.stdout)} 1\n")


def command(random_: random.Random, directory: pathlib.Path, topic: str, output: str) -> list[str]:
    return [str(trials.BIN / "wordcount"), "run", "--input", f"kafka://{BROKER}/{topic}", "--stop-at-end",
            "--output", output, "--data-dir", str(directory / "data"),
            "--shards", str(random_.randint(1, 4)), "--log-level", "error",
            "--commit-interval", random_.choice(["1ms", "5ms", "40ms"])]


def run_undisturbed(directory: pathlib.Path) -> float:
    topic = f"measure-{time.monotonic_ns()}"
    fill_topic(topic, directory / "texts", "none")
    return trials.run_to_the_end(command(random.Random(2), directory, topic, str(directory / "out")))


def run_trial(seed: int, speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"kafka-{seed}")
    random_ = random.Random(seed)
    topic = f"trial-{seed}-{time.monotonic_ns()}"
    to_topic = seed % 3 != 0
    output = f"kafka://{BROKER}/{topic}-counts" if to_topic else str(directory / "out")
    try:
        truth = trials.write_corpus(random_, directory / "texts")
        fill_topic(topic, directory / "texts", random_.choice(CODECS))
        if to_topic:
            kafka("topic", f"{topic}-counts", "--partitions", "4")
            kafka("topic", "wordcount.commit", "--delete")  # of the trial before, with another data directory
        longest = speed.start_s + sum(truth.values()) / speed.words_s
        for _ in range(random_.randint(1, 5)):
            after_s = random_.uniform(0, speed.start_s if random_.random() < 0.25 else longest)
            if trials.run_and_kill(command(random_, directory, topic, output), after_s):
                trial.kills += 1
                trial.early += after_s < speed.start_s
        trials.run_to_the_end(command(random_, directory, topic, output))
        if to_topic:
            read_topic(f"{topic}-counts", directory / "out")
        trials.check_output(directory / "out", truth)
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    trial.seconds = time.monotonic() - start
    return trial


def main() -> int:
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        print(f"not there: {', '.join(missing)}. ./dev kafka up installs what it needs.")
        return trials.CANNOT_RUN_HERE
    ran_before = kafka("status") == 0
    try:
        kafka("up")
    except trials.Failed as failed:
        print(failed)
        return trials.CANNOT_RUN_HERE if "could not fetch" in str(failed) else 1
    try:
        return trials.main("T-01-kafka", "Kills wordcount at random moments while it reads a topic.",
                           ["wordcount", "rheon"], run_undisturbed, run_trial)
    finally:
        if not ran_before:
            kafka("down")


if __name__ == "__main__":
    sys.exit(main())
