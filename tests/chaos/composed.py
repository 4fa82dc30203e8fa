#!/usr/bin/env python3
"""T-01-composed: kill -9 of two jobs, one of which reads the stream that the other writes, while both run.

A trial makes a corpus from its seed and starts `split_words` over it and `count_words` behind it, each with a plan of its
own: it is killed - or stopped, or rescaled - 1 to 5 times at random moments, each time started again with another number
of shards, and in the end left alone. Neither may notice the other: every run ends with 0 or by its kill, the reader
ends by itself once the writer is complete, and every word has each count 1..n exactly once. In some trials

- the reader runs before the data directory of the writer exists, or both are killed at the same moments;
- the texts appear one by one while the writer follows them;
- the stream keeps a few MiB only: a reader that falls behind is refused with a sentence, and has counted no word twice.

A failed trial keeps its directory below build/chaos/.
"""

import concurrent.futures
import dataclasses
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import trials

KEPT_BYTES = 2 << 20
GONE = re.compile("does not hold batch .* any more: its retention is shorter than this job was behind")


class Refused(Exception):
    """The stream has lost what the reader had not read yet, and the reader has said so."""


def words_of(text: str) -> list[str]:
    return re.findall("[A-Za-z]+", text)


@dataclasses.dataclass
class Attempt:
    """One run that does not end by itself, unless all is done."""
    wait_s: float  # before it
    after_s: float
    signal: int
    scale_after_s: float | None
    options: list[str]


@dataclasses.dataclass
class Job:
    program: str
    data: pathlib.Path
    options: list[str]
    attempts: list[Attempt]
    kills: list[float] = dataclasses.field(default_factory=list)  # that hit it: seconds after its start

    def line(self, options: list[str]) -> list[str]:
        return [str(trials.BIN / self.program), "run", "--data-dir", str(self.data), "--log-level", "error",
                *self.options, *options]


def split_words(directory: pathlib.Path, options: list[str]) -> Job:
    return Job("split_words", directory / "split", ["--input", str(directory / "texts" / "*.txt"), *options], [])


def count_words(directory: pathlib.Path) -> Job:
    return Job("count_words", directory / "count",
               ["--from", str(directory / "split"), "--output", str(directory / "out")], [])


def random_options(random_: random.Random) -> list[str]:
    interval = random_.choice([None, None, "1ms", "5ms", "40ms"])
    return ["--shards", str(random_.randint(1, 6)), *(["--commit-interval", interval] if interval else [])]


def random_attempts(random_: random.Random, speed: trials.Speed, longest_s: float) -> list[Attempt]:
    attempts = []
    for _ in range(random_.randint(1, 5)):
        after_s = random_.uniform(0, speed.start_s / 2 if random_.random() < 0.25 else longest_s)
        attempts.append(Attempt(wait_s=random_.choice([0, 0, random_.uniform(0, 2 * speed.start_s)]),
                                after_s=after_s,
                                signal=random_.choice([signal.SIGKILL] * 6 + [signal.SIGTERM]),
                                scale_after_s=random_.choice([None, None, random_.uniform(0, after_s)]),
                                options=random_options(random_)))
    return attempts


def check_end(job: Job, code: int, errors: str) -> None:
    trials.check_alarms(errors)
    if code == 3 and GONE.search(errors):
        raise Refused
    if code != 0:
        raise trials.Failed(f"{job.program}: exit code {code}: {errors.strip()}")


def scale(job: Job, shards: int) -> float:
    """The job may not listen yet, or have ended: only that an answer comes in time matters."""
    start = time.monotonic()
    try:
        subprocess.run([str(trials.BIN / job.program), "scale", str(shards), "--data-dir", str(job.data)],
                       capture_output=True, timeout=trials.LIMIT_S, check=False)
    except subprocess.TimeoutExpired as hanging:
        raise trials.Failed(f"{job.program} scale {shards} has not answered after {trials.LIMIT_S} s") from hanging
    return time.monotonic() - start


def attempt(job: Job, plan: Attempt, shards: int) -> None:
    process = subprocess.Popen(job.line(plan.options), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    left_s = plan.after_s
    try:
        if plan.scale_after_s is not None:
            process.wait(timeout=plan.scale_after_s)
    except subprocess.TimeoutExpired:
        left_s -= plan.scale_after_s + scale(job, shards)
    try:
        _, errors = process.communicate(timeout=max(left_s, 0))
    except subprocess.TimeoutExpired:
        process.send_signal(plan.signal)
        try:
            _, errors = process.communicate(timeout=trials.LIMIT_S)
        except subprocess.TimeoutExpired as hanging:
            where = trials.where_it_hangs(process.pid)
            process.kill()
            raise trials.Failed(f"{job.program} has not stopped after {trials.LIMIT_S} s\n{where}") from hanging
        if process.returncode == -plan.signal:  # also SIGTERM, before the program has begun to listen to it
            trials.check_alarms(errors)
            job.kills.append(plan.after_s)
            return
    check_end(job, process.returncode, errors)


def live(job: Job, random_: random.Random, texts: concurrent.futures.Future, last_options: list[str]) -> None:
    """Follows a job's plan to its end. `texts`: done when no text will come any more."""
    for plan in job.attempts:
        time.sleep(plan.wait_s)
        attempt(job, plan, random_.randint(1, 6))
    texts.result()
    try:
        trials.run_to_the_end(job.line([*random_options(random_), *last_options]), 3 * trials.LIMIT_S)
    except trials.Failed as failed:
        if GONE.search(str(failed)):
            raise Refused from failed
        raise trials.Failed(f"{job.program}: {failed}") from failed


def bring_texts(random_: random.Random, hidden: pathlib.Path, texts: pathlib.Path, follow_s: float) -> None:
    for path in sorted(hidden.iterdir()):
        if follow_s:
            with path.open("ab") as text:
                text.write(b"\n")  # where files are followed, a line is one once it has its end
        time.sleep(random_.uniform(0, follow_s))
        path.rename(texts / path.name)


def records_of(job: Job) -> int:
    done = subprocess.run([str(trials.BIN / job.program), "streams", "ls", "--json", "--data-dir", str(job.data)],
                          capture_output=True, text=True, timeout=trials.LIMIT_S, check=False)
    match = re.search('"name":"words".*?"records":([0-9]+)', done.stdout)
    if done.returncode != 0 or match is None:
        raise trials.Failed(f"streams ls: exit code {done.returncode}: {(done.stdout + done.stderr).strip()}")
    return int(match.group(1))


def run_undisturbed(directory: pathlib.Path) -> float:
    """One after the other: at the same time they take about as long, and each starts in half of it."""
    return (trials.run_to_the_end(split_words(directory, []).line(["--shards", "2"])) +
            trials.run_to_the_end(count_words(directory).line(["--shards", "2"])))


def run_both(directory: pathlib.Path, seed: int, speed: trials.Speed, trial: trials.Trial) -> None:
    random_ = random.Random(seed)
    follow = random_.random() < 0.3
    keep = random_.random() < 0.2
    hidden = directory / "hidden"
    hidden.mkdir()
    truth = trials.write_corpus(random_, hidden, words_of)
    words = sum(truth.values())
    longest_s = speed.start_s + words / speed.words_s
    writer = split_words(directory, (["--keep-bytes", str(KEPT_BYTES)] if keep else []) + (["--follow"] if follow else []))
    reader = count_words(directory)
    writer.attempts = random_attempts(random_, speed, longest_s)
    reader.attempts = random_attempts(random_, speed, longest_s)
    if random_.random() < 0.2:
        for one, other in zip(writer.attempts, reader.attempts):
            other.wait_s, other.after_s, other.scale_after_s = one.wait_s, one.after_s, one.scale_after_s
    if random_.random() < 0.5:
        writer.attempts[0].wait_s = random_.uniform(0, 2 * speed.start_s)

    refused = False
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        all_texts = pool.submit(bring_texts, random.Random(seed + 1), hidden, directory / "texts",
                                longest_s if follow else 0)
        if not follow:
            all_texts.result()
        no_texts = concurrent.futures.Future()
        no_texts.set_result(None)
        runs = [pool.submit(live, writer, random.Random(seed + 2), all_texts, ["--stop-at-end"] if follow else []),
                pool.submit(live, reader, random.Random(seed + 3), no_texts, [])]
        concurrent.futures.wait(runs)
        kills = writer.kills + reader.kills
        trial.kills = len(kills)
        trial.early = sum(after_s < speed.start_s / 2 for after_s in kills)
        runs[0].result()
        try:
            runs[1].result()
        except Refused:
            refused = True
    if refused and not keep:
        raise trials.Failed("the stream keeps everything, and the reader is told that it does not")
    trials.check_log(writer.data)
    trials.check_log(reader.data)
    if not keep and records_of(writer) != words:
        raise trials.Failed(f"the stream has {records_of(writer)} records, the texts have {words} words")
    if (directory / "out" / ".rheon" / "committed").exists() or not refused:
        trials.check_output(directory / "out", truth, complete=not keep)


def run_trial(seed: int, speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"composed-{seed}")
    try:
        run_both(directory, seed, speed, trial)
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    trial.seconds = time.monotonic() - start
    return trial


if __name__ == "__main__":
    sys.exit(trials.main("T-01-composed", "Kills two jobs of which one reads the other's stream, and checks the result.",
                         ["split_words", "count_words", "rheon"], run_undisturbed, run_trial))
