"""What the trials of tests/chaos/ have in common: texts, runs that are killed, what must hold in the end, and the loop."""

import argparse
import collections
import concurrent.futures
import dataclasses
import itertools
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("RHEON_BIN_DIR", ROOT / "build" / "bin"))
CANNOT_RUN_HERE = 77
LIMIT_S = int(os.environ.get("RHEON_LIMIT_S", "60"))  # a run that takes longer hangs


@dataclasses.dataclass
class Trial:
    seed: int
    problem: str = ""
    kills: int = 0  # that hit a running process
    early: int = 0  # of these no later than a run with next to no input takes: it was starting or recovering
    seconds: float = 0.0


@dataclasses.dataclass
class Speed:
    start_s: float  # of a run with next to no input
    words_s: float


class Failed(Exception):
    """A sentence that says what does not hold."""


def lower_case_words(text: str) -> list[str]:
    return re.findall("[a-z]+", text.lower())


def write_corpus(random_: random.Random, directory: pathlib.Path,
                 words_of: Callable[[str], list[str]] = lower_case_words,
                 sizes: Sequence[int] = (0, 100, 30_000, 200_000, 500_000)) -> collections.Counter:
    """Some text files of so many words each; the answer is how often each word stands in them."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["".join(random_.choices(letters, k=random_.randint(1, 9))) for _ in range(random_.choice([50, 3000]))]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    separators = [" ", " ", " ", " ", ", ", ".\n", "\n", "\r\n", " 42 ", "\n\n", " é "]
    truth = collections.Counter()
    for number in range(random_.randint(1, 5)):
        words = random_.choices(vocabulary, weights, k=random_.choice(sizes))
        words = [word.capitalize() if index % 7 == 0 else word for index, word in enumerate(words)]
        pieces = random_.choices(separators, k=len(words))
        text = "".join(word + piece for word, piece in zip(words, pieces))
        if random_.random() < 0.5:
            text = text.rstrip()  # the last line has no end
        (directory / f"part-{number}.txt").write_bytes(text.encode())
        truth.update(words_of(text))
    return truth


def where_it_hangs(pid: int) -> str:
    """What each thread of a process is doing: our own frames of it, if this machine has gdb."""
    if not shutil.which("gdb"):
        return "(with gdb installed the stacks would stand here)"
    gdb = subprocess.run(["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all bt"],
                         capture_output=True, text=True, check=False, timeout=120)
    return "\n".join(line[:200] for line in gdb.stdout.splitlines() if line.startswith("Thread") or "/src/" in line and "rheon" in line)


def check_alarms(said: str) -> None:
    """What a job says while it runs: a ledger that does not add up is a defect, whatever the output looks like."""
    if "THE LEDGER DOES NOT BALANCE" in said:
        raise Failed(said.strip())


def run_to_the_end(line: list[str], limit_s: float = LIMIT_S) -> float:
    start = time.monotonic()
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        _, errors = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired as hanging:
        where = where_it_hangs(process.pid)
        process.kill()
        _, errors = process.communicate()
        raise Failed(f"the run has not ended after {limit_s} s: {' '.join(line)}\n{errors.strip()}\n{where}") from hanging
    if process.returncode != 0:
        raise Failed(f"exit code {process.returncode}: {errors.strip()}")
    check_alarms(errors)
    return time.monotonic() - start


def run_and_kill(line: list[str], after_s: float) -> bool:
    """True when the kill hit a running process; one that has ended by itself must have ended well."""
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _, errors = process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
        check_alarms(errors)
        return True
    if process.returncode != 0:
        raise Failed(f"exit code {process.returncode} instead of 0: {errors.strip()}")
    check_alarms(errors)
    return False


def check_output(directory: pathlib.Path, truth: collections.Counter, complete: bool = True) -> None:
    """Every word has each count 1..n once, in each file in order; n is how often it stands in the texts.

    Not `complete`: n may be less, and what stands behind the committed length of a file does not count.
    """
    committed = dict(line.split(" ")[:2] for line in (directory / ".rheon" / "committed").read_text().splitlines())
    found = collections.defaultdict(list)
    for path in directory.glob("*.csv"):
        content = path.read_bytes()
        if not complete:
            content = content[:int(committed.get(path.name, 0))]
        if content and not content.endswith(b"\n"):
            raise Failed(f"{path.name} ends in the middle of a line")
        if content and int(committed.get(path.name, -1)) != len(content):
            raise Failed(f"{path.name} has {len(content)} bytes, committed are {committed.get(path.name)}")
        last = collections.Counter()
        for line in content.decode().splitlines():
            word, count = line.split(",")
            if int(count) <= last[word]:
                raise Failed(f"{path.name}: the count {count} of '{word}' stands behind {last[word]}")
            last[word] = int(count)
            found[word].append(int(count))
    for word in truth.keys() | found.keys():
        counts = sorted(found.get(word, []))
        wanted = truth[word] if complete else min(len(counts), truth[word])
        if counts != list(range(1, wanted + 1)):
            twice = [n for n, times in collections.Counter(counts).items() if times > 1]
            missing = sorted(set(range(1, wanted + 1)) - set(counts))
            raise Failed(f"'{word}' stands {truth[word]} times in the texts and has {len(counts)} counts; "
                         f"missing {missing[:5]}, doubled {twice[:5]}")


def check_log(directory: pathlib.Path) -> None:
    done = subprocess.run([str(BIN / "rheon"), "log", "check", str(directory)], capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        raise Failed(f"rheon log check: exit code {done.returncode}: {(done.stdout + done.stderr).strip()[-400:]}")


def is_sanitized(program: str) -> bool:
    """By the address or the thread sanitizer, which take memory of their own."""
    content = (BIN / program).read_bytes()
    return b"__asan_init" in content or b"__tsan_init" in content


def new_directory(name: str) -> pathlib.Path:
    """An empty one below build/chaos/, with a folder for texts."""
    directory = ROOT / "build" / "chaos" / name
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "texts").mkdir(parents=True)
    return directory


def measure(run: Callable[[pathlib.Path], float]) -> Speed:
    """How long `run` takes on this machine with this build, so that kills land while it runs."""
    def fastest(text: str) -> float:  # others may be busy on this machine, and the first run is cold
        seconds = []
        for _ in range(3):
            directory = new_directory(f"measure-{os.getpid()}")
            (directory / "texts" / "a.txt").write_text(text)
            seconds.append(run(directory))
            shutil.rmtree(directory)
        return min(seconds)

    start_s = fastest("a word or two\n")
    words_s = 480_000 / max(fastest("some words of a text that is long\n" * 60_000) - start_s, 0.001)
    return Speed(start_s, words_s)


def main(row: str, description: str, programs: list[str], run: Callable[[pathlib.Path], float],
         run_trial: Callable[[int, Speed], Trial], faults: str = "kills", needs_faults: bool = True) -> int:
    """The command line of a row of the fault table. `run`: one run that nothing disturbs, its seconds. `faults`: what
    Trial.kills counts; ten trials without any have shown nothing, if it `needs_faults`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--count", type=int, default=10, help="trials; default 10")
    parser.add_argument("--seed", type=int, default=1, help="of the first trial; default 1")
    parser.add_argument("--jobs", type=int, default=2, help="trials at the same time; default 2")
    args = parser.parse_args()
    for program in programs:
        if not (BIN / program).exists():
            print(f"{BIN / program} is not there: ./dev build {program}", file=sys.stderr)
            return 2

    start = time.monotonic()
    speed = measure(run)
    failed = kills = early = 0
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        for trial in pool.map(run_trial, range(args.seed, args.seed + args.count), itertools.repeat(speed)):
            kills += trial.kills
            early += trial.early
            if trial.problem:
                failed += 1
                print(f"seed {trial.seed} ({trial.kills} {faults}): {trial.problem}\n"
                      f"  kept: below build/chaos/; repeat: ./dev verify {row} --count 1 --seed {trial.seed}",
                      flush=True)
    seconds = time.monotonic() - start
    starting = f", {early} of them while it started" if early else ""
    print(f"{args.count - failed} passed, {failed} failed ({kills} {faults}{starting}; "
          f"{seconds / max(args.count, 1):.2f} s a trial)")
    if needs_faults and kills == 0 and args.count >= 10:
        print(f"no {faults} in {args.count} trials: they have shown nothing")
        return 1
    return 1 if failed else 0
