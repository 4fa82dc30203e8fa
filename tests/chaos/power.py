#!/usr/bin/env python3
"""T-03: the power goes under the real program: what it had not synced is lost, or torn, or there in any order.

A trial makes a corpus from its seed and counts its words with data and output on a file system that keeps apart what
was synced (power_disk.py). 1 to 4 times the power is cut - while the job starts, recovers, runs, ends or after it has
ended - and the job goes on, each time with another number of shards. Then it runs to its end, the power is cut once
more, taking all that was not synced, and every word must have each count 1..n exactly once. A failed trial keeps what
was on the file system.
"""

import pathlib
import random
import shutil
import sys
import tempfile
import time

import power_disk
import trials


def command(random_: random.Random, directory: pathlib.Path) -> list[str]:
    line = [str(trials.BIN / "wordcount"), "run", "--input", str(directory / "texts" / "*.txt"),
            "--output", str(directory / "disk" / "out"), "--data-dir", str(directory / "disk" / "data"),
            "--shards", str(random_.randint(1, 3)), "--log-level", "error"]
    interval = random_.choice([None, "1ms", "5ms"])
    return line + (["--commit-interval", interval] if interval else [])


def run_undisturbed(directory: pathlib.Path) -> float:
    disk = power_disk.PowerDisk(directory / "disk")
    disk.mount()
    try:
        return trials.run_to_the_end(command(random.Random(2), directory))
    finally:
        disk.unmount()


def cut(random_: random.Random, disk: power_disk.PowerDisk, how: str) -> None:
    disk.unmount()
    disk.cut(random_, how)
    disk.mount()


def run_and_cut(trial: trials.Trial, random_: random.Random, directory: pathlib.Path, disk: power_disk.PowerDisk,
                speed: trials.Speed, longest_s: float) -> str:
    """How the power was cut."""
    after_s = random_.uniform(0, speed.start_s if random_.random() < 0.25 else longest_s)
    hit = trials.run_and_kill(command(random_, directory), after_s)
    trial.kills += 1
    trial.early += hit and after_s < speed.start_s
    how = random_.choice(power_disk.CUTS)
    cut(random_, disk, how)
    return f"{how} {'after %.3f s' % after_s if hit else 'when it had ended'}"


def run_trial(seed: int, speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    power_disk.unmount_what_was_left(trials.ROOT / "build" / "chaos" / f"power-{seed}" / "disk")
    directory = trials.new_directory(f"power-{seed}")
    random_ = random.Random(seed)
    disk = power_disk.PowerDisk(directory / "disk")
    disk.mount()
    cuts = []
    try:
        truth = trials.write_corpus(random_, directory / "texts", sizes=[100, 30_000, 200_000, 500_000])
        longest_s = speed.start_s + sum(truth.values()) / speed.words_s
        for _ in range(random_.randint(1, 4)):
            cuts.append(run_and_cut(trial, random_, directory, disk, speed, longest_s))
        trials.run_to_the_end(command(random_, directory))
        cut(random_, disk, "synced")
        cuts.append("synced after the end")
        trials.run_to_the_end(command(random_, directory))  # brings the list of committed lengths, which is not synced
        trials.check_output(directory / "disk" / "out", truth)
        trials.check_log(directory / "disk" / "data")
    except (trials.Failed, OSError) as failed:
        trial.problem = f"{failed} (power cut: {', '.join(cuts)})"
        shutil.copytree(directory / "disk", directory / "kept", ignore=shutil.ignore_patterns("control"))
    finally:
        disk.unmount()
    if not trial.problem:
        shutil.rmtree(directory)
    trial.seconds = time.monotonic() - start
    return trial


def why_not() -> str:
    """A sentence when this machine mounts no such file system."""
    with tempfile.TemporaryDirectory() as directory:
        disk = power_disk.PowerDisk(pathlib.Path(directory) / "disk")
        try:
            disk.mount()
        except OSError as error:
            return f"a FUSE file system cannot be mounted on this machine: {error}"
        disk.unmount()
    return ""


if __name__ == "__main__":
    if sentence := why_not():
        print(sentence)
        sys.exit(trials.CANNOT_RUN_HERE)
    sys.exit(trials.main("T-03", __doc__.splitlines()[0], ["wordcount", "rheon"], run_undisturbed, run_trial, "power cuts"))
