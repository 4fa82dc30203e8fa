#!/usr/bin/env python3
"""T-18: a job that follows growing files for minutes or hours, with faults every so often, then calm, then Ctrl-C.

`--count` is the number of minutes. Texts grow at a steady rate (70 % of what this machine does, at most 30,000 words a
second), and `wordcount --follow` counts them. In the first two thirds something goes wrong every so often: kill -9 or
Ctrl-C and a start with another number of shards, `scale`, a second of SIGSTOP. Finished output files are read and taken
away, as a user would. In the last third nothing happens. What must hold:

- every word has each count 1..n exactly once, and Ctrl-C ends the job with exit code 0 and everything committed;
- whatever goes wrong, 10 s later something new is committed; a job that nobody stopped does not end;
- memory, descriptors and the data directory stay within the budgets below; in calm memory and descriptors do not grow.
"""

import argparse
import collections
import dataclasses
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import trials

L_S = 10.0  # after a fault
MIB = 1 << 20
WORDS_S = 30_000
LOAD = 0.7
BEAT_S = 0.1
FILES = 4
RSS_BUDGET = 64 * MIB
RSS_SLOPE_PER_H = 1 * MIB
RSS_NOISE = 2 * MIB  # of the straight line through the samples; the first compaction alone takes 1 MiB
DESCRIPTORS_BUDGET = 64
DATA_BUDGET = 288 * MIB  # old segments of the journal are replaced by slices of state once they have 128 MiB
LINE = re.compile(r"(\S+\.csv) (\d+) ([01])")


class Feeder(threading.Thread):
    """Appends lines to the texts, a little every 0.1 s; some in two pieces, cut anywhere."""

    def __init__(self, random_: random.Random, texts: pathlib.Path, words_s: float):
        super().__init__(daemon=True)
        self.random, self.words_a_beat, self.done = random_, max(int(words_s * BEAT_S), 1), threading.Event()
        self.files = [(texts / f"part-{number}.txt").open("ab", buffering=0) for number in range(FILES)]
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.vocabulary = sorted({"".join(random_.choices(letters, k=random_.randint(2, 9))) for _ in range(5000)})
        self.truth = collections.Counter()

    def run(self) -> None:
        start = time.monotonic()
        for beat in range(1 << 40):
            if self.done.wait(max(start + beat * BEAT_S - time.monotonic(), 0)):
                break
            words = self.random.choices(self.vocabulary, k=self.words_a_beat)
            lines = "\n".join(" ".join(words[at:at + 10]) for at in range(0, len(words), 10)) + "\n"
            cut = self.random.choice([0, self.random.randrange(len(lines))])
            file = self.random.choice(self.files)
            file.write(lines[:cut].encode())
            file.write(lines[cut:].encode())
            self.truth.update(words)

    def stop(self) -> None:
        self.done.set()
        self.join()


class Counts:
    """Which counts of which word were seen in finished files, which are taken away then."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.seen = collections.defaultdict(bytearray)

    def committed(self) -> dict[str, tuple[int, bool]]:
        try:
            lines = LINE.findall((self.directory / ".rheon" / "committed").read_text())
        except FileNotFoundError:
            return {}
        return {name: (int(length), closed == "1") for name, length, closed in lines}

    def take(self, name: str, length: int) -> None:
        path = self.directory / name
        content = path.read_bytes()
        if len(content) != length or not content.endswith(b"\n" if length else b""):
            raise trials.Failed(f"{name} has {len(content)} bytes, committed are {length}, and it ends with {content[-20:]}")
        for line in content.decode().splitlines():
            word, _, count = line.partition(",")
            seen = self.seen[word]
            if int(count) >= len(seen):
                seen.extend(bytes(int(count) + 1 - len(seen)))
            if seen[int(count)]:
                raise trials.Failed(f"'{word}' has the count {count} twice, once more in {name}")
            seen[int(count)] = 1
        path.unlink()

    def take_finished(self) -> None:
        for name, (length, closed) in self.committed().items():
            if closed and (self.directory / name).exists():
                self.take(name, length)

    def check(self, truth: collections.Counter) -> None:
        for name, (length, _) in self.committed().items():
            if (self.directory / name).exists():
                self.take(name, length)
        if left := [path.name for path in self.directory.glob("*.csv")]:
            raise trials.Failed(f"files that are not in the list of what is committed: {left}")
        for word in truth.keys() | self.seen.keys():
            seen = self.seen[word]
            missing = [n for n in range(1, truth[word] + 1) if n >= len(seen) or not seen[n]]
            if missing or len(seen) > truth[word] + 1:
                raise trials.Failed(f"'{word}' stands {truth[word]} times in the texts, has counts up to {len(seen) - 1}, "
                                    f"and {len(missing)} are missing: {missing[:5]}")


@dataclasses.dataclass
class Sample:
    at_s: float
    rss: int
    descriptors: list[str]  # what they stand for
    data: int


class Job:
    def __init__(self, random_: random.Random, directory: pathlib.Path):
        self.random, self.directory = random_, directory
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        interval = self.random.choice([None, "5ms", "40ms"])
        line = [str(trials.BIN / "wordcount"), "run", "--input", str(self.directory / "texts" / "*.txt"), "--follow",
                "--output", str(self.directory / "out"), "--data-dir", str(self.directory / "data"),
                "--shards", str(self.random.randint(1, 2)), "--log-level", "error"]
        with (self.directory / "said").open("ab") as said:
            self.process = subprocess.Popen(line + (["--commit-interval", interval] if interval else []),
                                            stdout=subprocess.DEVNULL, stderr=said)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(L_S)
        except subprocess.TimeoutExpired as hanging:
            where = trials.where_it_hangs(self.process.pid)
            raise trials.Failed(f"Ctrl-C has not ended it after {L_S} s\n{where}") from hanging
        if code not in (0, -signal.SIGINT):  # the latter: it did not yet listen to it
            raise trials.Failed(f"exit code {code} after Ctrl-C: {self.said()}")

    def fault(self) -> str:
        kind = self.random.choice(["kill", "kill", "ctrl-c", "scale", "scale", "stop"])
        if kind == "scale":
            line = [str(trials.BIN / "wordcount"), "scale", str(self.random.randint(1, 3)), "--data-dir",
                    str(self.directory / "data")]
            done = subprocess.run(line, capture_output=True, text=True, timeout=trials.LIMIT_S, check=False)
            if done.returncode != 0:
                raise trials.Failed(f"scale: exit code {done.returncode}: {done.stderr.strip()}")
        elif kind == "stop":
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(1)
            self.process.send_signal(signal.SIGCONT)
        else:
            (self.kill if kind == "kill" else self.stop)()
            self.start()
        return kind

    def said(self) -> str:
        return (self.directory / "said").read_text(errors="replace").strip()[-600:] or "(nothing was said)"

    def sample(self) -> Sample:
        if self.process.poll() is not None:
            raise trials.Failed(f"it has ended by itself with exit code {self.process.returncode}: {self.said()}")
        proc = pathlib.Path(f"/proc/{self.process.pid}")
        rss = re.search(r"VmRSS:\s*(\d+) kB", (proc / "status").read_text())
        return Sample(time.monotonic(), int(rss[1]) << 10, self.descriptors(proc / "fd"), self.data_bytes())

    def descriptors(self, directory: pathlib.Path) -> list[str]:
        """Without the journal's segments: what they may take is the budget of the data directory."""
        names = []
        for path in directory.iterdir():
            try:
                names.append(os.readlink(path))
            except FileNotFoundError:
                pass  # closed since it was listed
        journal = str(self.directory / "data" / "journal")
        return [name for name in names if not name.startswith(journal) or name.endswith("(deleted)")]

    def data_bytes(self) -> int:
        total = 0
        for path in (self.directory / "data").rglob("*"):
            try:
                total += path.stat().st_blocks * 512
            except FileNotFoundError:
                pass  # removed since it was listed
        return total


def slope_per_s(samples: list[Sample]) -> float:
    """Of the straight line that fits the resident memory best, in bytes a second."""
    at = sum(sample.at_s for sample in samples) / len(samples)
    rss = sum(sample.rss for sample in samples) / len(samples)
    return (sum((sample.at_s - at) * (sample.rss - rss) for sample in samples) /
            sum((sample.at_s - at) ** 2 for sample in samples))


def check_budgets(samples: list[Sample]) -> None:
    for what, most, budget in (("bytes resident", max(sample.rss for sample in samples), RSS_BUDGET),
                               ("descriptors", max(len(sample.descriptors) for sample in samples), DESCRIPTORS_BUDGET),
                               ("bytes in the data directory", max(sample.data for sample in samples), DATA_BUDGET)):
        if most > budget:
            raise trials.Failed(f"{most} {what}, its budget is {budget}")


def check_calm(samples: list[Sample]) -> str:
    samples = samples[len(samples) // 4:]  # the first quarter is there to come to rest
    seconds = samples[-1].at_s - samples[0].at_s
    rise = slope_per_s(samples) * seconds
    quarter = len(samples) // 4
    # The least of each part: a snapshot or a new segment opens one for a moment.
    before, after = (min((sample.descriptors for sample in part), key=len) for part in (samples[:quarter], samples[-quarter:]))
    figures = f"in {seconds:.0f} s of calm memory rose by {rise / MIB:.2f} MiB, descriptors from {len(before)} to {len(after)}"
    if len(after) > len(before):
        raise trials.Failed(f"{figures}: {list((collections.Counter(after) - collections.Counter(before)).elements())}")
    if rise > RSS_NOISE + RSS_SLOPE_PER_H * seconds / 3600:
        raise trials.Failed(figures)
    return figures


class Soak:
    def __init__(self, minutes: int, seed: int, speed: trials.Speed):
        self.directory = trials.new_directory(f"soak-{seed}")
        self.random = random.Random(seed)
        self.seconds = minutes * 60
        self.pause_s = min(60, self.seconds / 12)  # between faults
        self.feeder = Feeder(random.Random(seed + 1), self.directory / "texts", min(LOAD * speed.words_s, WORDS_S))
        self.counts = Counts(self.directory / "out")
        self.faults = collections.Counter()
        self.samples: list[Sample] = []
        self.progress = (time.monotonic(), {})  # when what is committed has changed last

    def look(self) -> None:
        self.samples.append(self.job.sample())
        committed = self.counts.committed()
        if committed != self.progress[1]:
            self.progress = (time.monotonic(), committed)
        elif time.monotonic() - self.progress[0] > L_S:
            raise trials.Failed(f"nothing was committed for {L_S} s after {dict(self.faults)}: {self.job.said()}\n"
                                f"{trials.where_it_hangs(self.job.process.pid)}")
        self.counts.take_finished()

    def look_for(self, seconds: float) -> list[Sample]:
        first, end = len(self.samples), time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.5)
        return self.samples[first:]

    def wait_until_all_is_committed(self) -> None:
        for _ in range(int(L_S / 0.5)):
            before = self.counts.committed()
            time.sleep(0.5)
            if self.counts.committed() == before:
                break

    def run(self) -> str:
        end_of_faults = time.monotonic() + self.seconds * 2 / 3
        self.feeder.start()
        self.job = Job(self.random, self.directory)
        try:
            while time.monotonic() < end_of_faults:
                self.look_for(self.random.uniform(0.5, 1.5) * self.pause_s)
                self.faults[self.job.fault()] += 1
            figures = check_calm(self.look_for(self.seconds / 3))
            self.feeder.stop()
            self.wait_until_all_is_committed()
            self.job.stop()
        finally:
            self.job.kill()
            self.feeder.stop()
        check_budgets(self.samples)
        trials.check_alarms((self.directory / "said").read_text(errors="replace"))
        self.counts.check(self.feeder.truth)
        trials.check_log(self.directory / "data")
        shutil.rmtree(self.directory)
        most = max(self.samples, key=lambda sample: sample.rss)
        return (f"{sum(self.feeder.truth.values())} words; at most {most.rss / MIB:.1f} MiB resident, "
                f"{max(sample.data for sample in self.samples) / MIB:.1f} MiB in the data directory; {figures}")


def run_undisturbed(directory: pathlib.Path) -> float:
    return trials.run_to_the_end([str(trials.BIN / "wordcount"), "run", "--input", str(directory / "texts" / "*.txt"),
                                  "--output", str(directory / "out"), "--data-dir", str(directory / "data"), "--shards", "1"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1, help="minutes; default 1, which is the least")
    parser.add_argument("--seed", type=int, default=1, help="of texts and faults; default 1")
    args = parser.parse_args()
    if args.count < 1:
        parser.error("--count: at least a minute")
    if not (trials.BIN / "wordcount").exists():
        print(f"{trials.BIN / 'wordcount'} is not there: ./dev build wordcount", file=sys.stderr)
        return 2
    soak = Soak(args.count, args.seed, trials.measure(run_undisturbed))
    problem = ""
    try:
        print(soak.run())
    except trials.Failed as failed:
        problem = str(failed)
        print(f"seed {args.seed}: {problem}\n"
              f"  kept: below build/chaos/; repeat: ./dev verify T-18 --count {args.count} --seed {args.seed}")
    faults = ", ".join(f"{times} x {kind}" for kind, times in sorted(soak.faults.items()))
    print(f"{0 if problem else 1} passed, {1 if problem else 0} failed ({args.count} min; {faults})")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
