#!/usr/bin/env python3
"""T-07: the memory limit is hit under load; started again with more, the job must end exactly right.

A trial makes a corpus of very many different words from its seed and counts them within a limit that is drawn between
too little to start and more than enough: of a control group, where the kernel kills what passes it, or of the process
(RLIMIT_AS, RLIMIT_DATA), where an allocation fails. A limit that was not hit says nothing: then the trial starts over
with less. After the hit the job goes on, each time with more memory, and in the end without a limit; every word must
have each count 1..n exactly once. A job whose allocation fails ends with exit code 1 and a sentence: never by a signal,
never by hanging, never with a directory in which `rheon log check` finds something.
"""

import collections
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import trials

MIB = 1 << 20
RANGES = {"group": (6, 60), "address": (50, 450), "data": (40, 140)}  # MiB; least: too little to start
MORE_TIMES = 5  # at most; then without a limit
THRASHING_S = 5.0  # a group near its limit reads its own program from disk again and again


class Group:
    """A control group of its own with a memory limit; version 1 or 2, whichever holds the memory of this machine."""

    def __init__(self, name: str, limit: int):
        root, self.version = memory_groups()
        self.thrashed = False
        self.path = root / f"rheon-{name}"
        if self.path.exists():
            self.path.rmdir()
        self.path.mkdir()
        try:
            if self.version == 2:
                self.set("memory.max", limit)
                self.set("memory.swap.max", 0, optional=True)
            else:
                self.set("memory.limit_in_bytes", limit)
                self.set("memory.memsw.limit_in_bytes", limit, optional=True)
        except OSError:
            self.path.rmdir()
            raise

    def set(self, name: str, value: int | str, optional: bool = False) -> None:
        if (self.path / name).exists() or not optional:
            (self.path / name).write_text(str(value))

    def enter(self) -> None:
        (self.path / "cgroup.procs").write_text("0")

    def counter(self, file: str, name: str) -> int:
        lines = (line.split() for line in (self.path / file).read_text().splitlines())
        return sum(int(line[-1]) for line in lines if line[0] == name)

    def kills(self) -> int:
        return self.counter("memory.events" if self.version == 2 else "memory.oom_control", "oom_kill")

    def was_full(self) -> bool:
        if self.version == 2:
            return self.counter("memory.events", "max") > 0
        most, limit = (int((self.path / f"memory.{name}_in_bytes").read_text()) for name in ("max_usage", "limit"))
        return most > limit - MIB  # some kernels leave memory.failcnt at 0

    def lift(self) -> None:
        """Takes the limit away."""
        self.thrashed = self.was_full()
        if self.version == 2:
            self.set("memory.max", "max")
        else:
            self.set("memory.memsw.limit_in_bytes", -1, optional=True)
            self.set("memory.limit_in_bytes", -1)

    def remove(self) -> None:
        for _ in range(100):  # what was killed a moment ago may still stand in it
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.05)


def memory_groups() -> tuple[pathlib.Path, int]:
    """Where control groups with memory limits are made, and their version."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split(" ")
        root = pathlib.Path(where)
        if kind == "cgroup" and "memory" in options.split(","):
            return root, 1
        if kind == "cgroup2" and "memory" in (root / "cgroup.controllers").read_text().split():
            if "memory" not in (root / "cgroup.subtree_control").read_text().split():
                (root / "cgroup.subtree_control").write_text("+memory")
            return root, 2
    raise FileNotFoundError("no control groups with the memory controller are mounted")


def write_corpus(random_: random.Random, directory: pathlib.Path) -> collections.Counter:
    """Texts of which nearly every word is a new one: what they need is memory."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    truth = collections.Counter()
    for number in range(random_.randint(1, 3)):
        words = ["".join(random_.choices(letters, k=random_.randint(5, 14))) for _ in range(random_.choice([60_000, 150_000]))]
        words += random_.choices(words, k=len(words) // 3)
        truth.update(words)
        lines = (" ".join(words[at:at + 9]) for at in range(0, len(words), 9))
        (directory / f"part-{number}.txt").write_text("\n".join(lines) + "\n")
    return truth


def command(random_: random.Random, directory: pathlib.Path) -> list[str]:
    line = [str(trials.BIN / "wordcount"), "run", "--input", str(directory / "texts" / "*.txt"),
            "--output", str(directory / "out"), "--data-dir", str(directory / "data"),
            "--shards", str(random_.randint(1, 3)), "--log-level", "error"]
    interval = random_.choice([None, "1ms", "5ms"])
    return line + (["--commit-interval", interval] if interval else [])


def run_undisturbed(directory: pathlib.Path) -> float:
    return trials.run_to_the_end(command(random.Random(2), directory))


def run_limited(line: list[str], confine: Callable[[], None], lift: Callable[[], None] | None = None) -> tuple[int | None, str]:
    """Exit code (none: it had not ended in time, and was killed), and what it said. `lift` is called after a while."""
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=confine)
    try:
        if lift:
            try:
                _, errors = process.communicate(timeout=THRASHING_S)
                return process.returncode, errors.strip()
            except subprocess.TimeoutExpired:
                lift()
        _, errors = process.communicate(timeout=trials.LIMIT_S)
        return process.returncode, errors.strip()
    except subprocess.TimeoutExpired:
        where = trials.where_it_hangs(process.pid)
        process.kill()
        _, errors = process.communicate()
        return None, f"{errors.strip()}\n{where}"


def run_in_group(line: list[str], name: str, limit: int) -> bool:
    group = Group(name, limit)
    try:
        code, said = run_limited(line, group.enter, group.lift)
        if code in (None, 0, 1):
            return check_end(code, said, f"in a group of {limit / MIB:.1f} MiB") or group.thrashed
        if code != -signal.SIGKILL or group.kills() == 0:
            raise trials.Failed(f"exit code {code} in a group of {limit / MIB:.1f} MiB, in which the kernel has killed "
                                f"{group.kills()}: {said or '(nothing was said)'}")
        return True
    finally:
        group.remove()


def check_end(code: int | None, said: str, where: str) -> bool:
    """True when the limit was hit, and the job has ended as it should."""
    trials.check_alarms(said)
    if code is None:
        raise trials.Failed(f"it has not ended after {trials.LIMIT_S} s {where}: {said}")
    if code not in (0, 1) or (code == 1 and "memory" not in said):
        raise trials.Failed(f"exit code {code} {where}; wanted is 1 and a sentence about memory: "
                            f"{said or '(nothing was said)'}")
    return code == 1


def run_within(line: list[str], kind: str, name: str, limit: int) -> bool:
    """One run; true when the limit was hit."""
    if kind == "group":
        return run_in_group(line, name, limit)
    what = {"address": resource.RLIMIT_AS, "data": resource.RLIMIT_DATA}[kind]
    code, said = run_limited(line, lambda: resource.setrlimit(what, (limit, limit)))
    return check_end(code, said, f"with {limit / MIB:.1f} MiB ({kind})")


def hit_limits(trial: trials.Trial, random_: random.Random, directory: pathlib.Path) -> None:
    kind = random_.choice(["group", "group", "address", "data"])
    if trials.is_sanitized("wordcount"):  # a sanitizer maps more memory than any limit of the process here
        kind = "group"
    name = f"{trial.seed}-{random_.randrange(1 << 30)}"
    limit = int(random_.uniform(*RANGES[kind]) * MIB)
    while not run_within(command(random_, directory), kind, name, limit):
        limit = int(limit * 0.7)
        if limit < MIB:
            raise trials.Failed(f"a limit of {limit / 0.7 / MIB:.1f} MiB ({kind}) was not hit: it does not work here")
        for old in ("out", "data"):
            shutil.rmtree(directory / old, ignore_errors=True)
    trial.kills += 1
    for _ in range(random_.randint(0, MORE_TIMES)):
        if random_.random() < 0.3 and (directory / "data" / "identity").exists():
            trials.check_log(directory / "data")
        limit = int(limit * random_.uniform(1.0, 1.6))
        if not run_within(command(random_, directory), kind, name, limit):
            break
        trial.kills += 1


def run_trial(seed: int, _speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"memory-{seed}")
    random_ = random.Random(seed)
    try:
        truth = write_corpus(random_, directory / "texts")
        hit_limits(trial, random_, directory)
        trials.run_to_the_end(command(random_, directory))
        trials.check_output(directory / "out", truth)
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    trial.seconds = time.monotonic() - start
    return trial


def why_no_group() -> str:
    try:
        Group(f"asked-{random.SystemRandom().randrange(1 << 30)}", 64 * MIB).remove()
    except OSError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    if why := why_no_group():
        print(f"a control group with a memory limit cannot be made on this machine: {why}")
        sys.exit(trials.CANNOT_RUN_HERE)
    sys.exit(trials.main("T-07", __doc__.splitlines()[0], ["wordcount", "rheon"], run_undisturbed, run_trial, "limits hit"))
