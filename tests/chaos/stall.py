#!/usr/bin/env python3
"""T-22: a sink that stalls, or takes a byte at a time: the job waits with it, within its memory, and goes on behind it.

A trial makes some 100 MB of lines from its seed and runs tests/chaos/jobs/relay.cc over them, which numbers them per key
and writes them into a pipe. Who reads the pipe stops at random moments - before the first byte, behind the last one -
for up to 5 s (RHEON_LONGEST_STALL_S), or reads some bytes a second. Nothing is killed. Meanwhile `relay status` answers;
5 s after it reads again more has come than was held on the way, or all; in the end every line has come once, those of a key
with the numbers 1..n, the exit code is 0, the ledger balances, and the job has taken no more memory than its budget.
"""

import collections
import dataclasses
import fcntl
import json
import os
import pathlib
import random
import select
import shutil
import subprocess
import sys
import time

import peak
import trials

L_S = 5.0  # after healing
LONGEST_STALL_S = float(os.environ.get("RHEON_LONGEST_STALL_S", "5"))
MIB = 1 << 20
HELD_BYTES = 10 * MIB  # at most, of a shard: what its sink holds, and the pipe
SETTLE_S = 0.2  # until everything stands still
FILLERS = [0, 20, 200, 400, 1_000]  # of the line i: the one at i modulo their number


def budget_bytes(shards: int) -> int:
    """What the program takes; each shard with its rings and what its sink holds."""
    return (20 + 16 * shards) * MIB


@dataclasses.dataclass
class Stall:
    at: int  # when so many bytes have come
    seconds: float
    bytes_s: int  # that are taken meanwhile


def text_of(line: int) -> bytes:
    return b"%d:" % line + b"x" * FILLERS[line % len(FILLERS)]


def write_lines(random_: random.Random, directory: pathlib.Path) -> list[bytes]:
    """Files with lines; the key of each line."""
    keys = [f"key-{number}".encode() for number in range(random_.choice([1, 10, 3_000]))]
    lines = random_.choice([20_000, 300_000, 400_000])
    key_of = random_.choices(keys, k=lines)
    files = random_.randint(1, 4)
    for number in range(files):
        with (directory / f"lines-{number}.txt").open("wb") as file:
            file.writelines(b"%s,%s\n" % (key_of[line], text_of(line)) for line in range(number, lines, files))
    return key_of


def output_bytes(key_of: list[bytes], directory: pathlib.Path) -> int:
    """What the lines take with their numbers."""
    numbers = (number for count in collections.Counter(key_of).values() for number in range(1, count + 1))
    return sum(path.stat().st_size for path in directory.iterdir()) + sum(len(str(number)) + 1 for number in numbers)


class Reader:
    """Reads the pipe, and checks the lines that come."""

    def __init__(self, pipe: int, key_of: list[bytes]):
        self.pipe = pipe
        self.key_of = key_of
        self.bytes = 0
        self.ended = False
        self._rest = b""
        self._numbers = collections.Counter()  # the last one, by key
        self._seen = bytearray(len(key_of))

    def read(self, at_most: int, within_s: float) -> None:
        if not select.select([self.pipe], [], [], within_s)[0]:
            raise trials.Failed(f"{within_s} s after the reader reads again nothing has come behind {self.bytes} bytes")
        data = os.read(self.pipe, at_most)
        self.ended = not data
        self.bytes += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            key, number, text = line.split(b",")
            index = int(text.partition(b":")[0])
            good = key == self.key_of[index] and text == text_of(index)
        except (ValueError, IndexError):
            good = False
        if not good:
            raise trials.Failed(f"behind {self.bytes} bytes comes {line[:100]!r}, which is no line of the input")
        self._numbers[key] += 1
        if self._seen[index] or int(number) != self._numbers[key]:
            raise trials.Failed(f"line {index} has number {int(number)}, expected is {self._numbers[key]}; "
                                f"it came before: {bool(self._seen[index])}")
        self._seen[index] = 1

    def check_all(self) -> None:
        if self._rest or not all(self._seen):
            raise trials.Failed(f"{self._seen.count(0)} lines of {len(self._seen)} have not come; "
                                f"behind the last one stands {self._rest[:100]!r}")


def ask(directory: pathlib.Path, what: str) -> dict:
    line = [str(trials.BIN / "relay"), what, "--json", "--data-dir", str(directory / "data")]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=L_S, check=False)
    except subprocess.TimeoutExpired as silent:
        raise trials.Failed(f"`{what}` has not answered within {L_S} s") from silent
    if done.returncode != 0:
        raise trials.Failed(f"`{what}`: exit code {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def stand_still(reader: Reader, stall: Stall, process: subprocess.Popen, directory: pathlib.Path) -> None:
    """Reads next to nothing for a while, and asks the job meanwhile how it is doing."""
    end = time.monotonic() + stall.seconds
    time.sleep(min(SETTLE_S, stall.seconds))
    if process.poll() is None and (directory / "data" / "control").exists():
        status = ask(directory, "status")
        if not status["running"] and process.poll() is None:
            raise trials.Failed(f"the job stands still and says that it does not run: {status}")
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 1 / stall.bytes_s) if stall.bytes_s else left)
        if stall.bytes_s and not reader.ended and select.select([reader.pipe], [], [], 0)[0]:
            reader.read(1, L_S)


def draw_stalls(random_: random.Random, total: int) -> list[Stall]:
    stalls = []
    for _ in range(random_.randint(1, 4)):
        anywhere, near_end = random_.randrange(total), max(0, total - random_.randrange(100_000))
        at = random_.choice([0, anywhere, anywhere, near_end, total])
        seconds = min(LONGEST_STALL_S, random_.choice([0.1, 1.5, random_.uniform(0.1, LONGEST_STALL_S)]))
        stalls.append(Stall(at, seconds, random_.choice([0, 0, 1, 20])))
    return sorted(stalls, key=lambda stall: stall.at)


def command(directory: pathlib.Path, shards: int, interval: str) -> list[str]:
    return [str(trials.BIN / "relay"), "run", "--input", str(directory / "texts" / "*.txt"), "--data-dir", str(directory / "data"),
            "--shards", str(shards), "--commit-interval", interval, "--log-level", "error"]


def run_undisturbed(directory: pathlib.Path) -> float:
    (directory / "texts" / "a.txt").write_text("key,text\n")
    return trials.run_to_the_end(command(directory, 2, "5ms"))


def read_all(reader: Reader, stalls: list[Stall], held: int, process: subprocess.Popen, directory: pathlib.Path) -> int:
    """Reads to the end with these stalls; the memory that the job has taken at most."""
    most = healed_at = 0
    healed = None  # when, until more has come than was held
    while not reader.ended:
        while stalls and reader.bytes >= stalls[0].at:
            stand_still(reader, stalls.pop(0), process, directory)
            healed, healed_at = time.monotonic(), reader.bytes
        left = stalls[0].at - reader.bytes if stalls else MIB
        reader.read(min(MIB, left), L_S)
        most = max(most, peak.peak_bytes(process.pid))
        if healed and reader.bytes - healed_at > held:
            healed = None
        if healed and time.monotonic() - healed > L_S:
            raise trials.Failed(f"{L_S} s after the reader reads again {reader.bytes - healed_at} bytes have come, "
                                "no more than were held")
    return most


def run_trial(seed: int, _speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"stall-{seed}")
    random_ = random.Random(seed)
    ours, theirs = os.pipe()
    process = None
    try:
        key_of = write_lines(random_, directory / "texts")
        stalls = draw_stalls(random_, output_bytes(key_of, directory / "texts"))
        trial.kills = len(stalls)
        shards = random_.randint(1, 3)
        if random_.random() < 0.5:
            fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(theirs, random_.random() < 0.7)
        line = command(directory, shards, random_.choice(["1ms", "5ms", "40ms"]))
        with (directory / "errors").open("w") as errors:
            process = subprocess.Popen(line, stdout=theirs, stderr=errors)
        os.close(theirs)
        theirs = -1
        reader = Reader(ours, key_of)
        most = read_all(reader, stalls, shards * HELD_BYTES, process, directory)
        try:
            process.wait(timeout=L_S)
        except subprocess.TimeoutExpired as hanging:
            raise trials.Failed(f"it has not ended {L_S} s behind its last output\n{trials.where_it_hangs(process.pid)}") from hanging
        if process.returncode != 0:
            raise trials.Failed(f"exit code {process.returncode}: {(directory / 'errors').read_text().strip()}")
        reader.check_all()
        peak.check(most, budget_bytes(shards))
        if not (ledger := ask(directory, "ledger"))["balanced"]:
            raise trials.Failed(f"the ledger does not balance: {ledger}")
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    finally:
        if process is not None:
            process.kill()
            process.wait()
        for end in (ours, theirs):
            if end >= 0:
                os.close(end)
    trial.seconds = time.monotonic() - start
    return trial


if __name__ == "__main__":
    sys.exit(trials.main("T-22", __doc__.splitlines()[0], ["relay", "rheon"], run_undisturbed, run_trial, faults="stalls"))
