#!/usr/bin/env python3
"""T-20: the wall clock jumps by 1 s to 10 years in both directions, stands still, goes on; no timer is lost or fires twice.

A trial lets a job (tests/chaos/jobs/timers.cc) run whose orders come bit by bit, each with a reminder by the job's clock,
and in windows by event time. The wall clock of its processes follows a plan from the seed (RHEON_CLOCK); the machine's
does not change. Between them the job is killed, stopped, rescaled, and started again with another clock. In the end

- each order is there once, and the steps of a key have each number 1..n once;
- each reminder fires once, at its time, in its turn and before orders that come later; each window closes once, with as
  many orders as its event times say, whatever the clock does;
- the job's clock and the watermark of a key never go back. The clock begins with the wall clock or where it was, keeps
  to the monotonic clock within 5 %, and a start more than a year off is refused until it is accepted.
"""

import collections
import csv
import dataclasses
import math
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import trials

PROGRAM = trials.BIN / "timers_faulty"
YEAR_S = 365 * 86_400
EVENT_TIMES_S = 1_000_000_000  # from here on: before any time that the wall clock can show
WINDOW_S = 10  # in jobs/timers.cc
QUIET_US = 300_000
BUMP_US = 1_000  # a reminder may be so much later, when others of its key are due at the same time
SLEW = 0.05
SLACK_US = 2_000_000  # for a machine that is busy
REFUSED = 3


@dataclasses.dataclass(frozen=True)
class Order:
    id: int
    key: int
    seconds: int
    delay_ms: int


@dataclasses.dataclass(frozen=True)
class Step:
    key: int
    number: int
    what: str
    value: int
    at: int
    now: int
    watermark: int
    monotonic: int


@dataclasses.dataclass
class Life:
    """Of a process; times are microseconds."""
    plan: list[tuple[int, str]]  # (milliseconds from its start, "stop", "go" or a jump in seconds)
    accepts: bool
    began: int  # monotonic
    began_wall: int
    ended: int = 0
    refused: bool = False

    def wall(self, at: int) -> int:
        """What the wall clock shows at a moment of the monotonic one."""
        wall, since, stands = self.began_wall, self.began, False
        for after_ms, what in self.plan:
            moment = self.began + after_ms * 1000
            if moment > at:
                break
            wall, since = wall + (0 if stands else moment - since), moment
            if what in ("stop", "go"):
                stands = what == "stop"
            else:
                wall += int(what) * 1_000_000
        return wall + (0 if stands else at - since)

    def walls(self, until: int) -> tuple[int, int]:
        """The least and the most that it shows from the start on."""
        changes = [self.began + after_ms * 1000 for after_ms, _ in self.plan]
        seen = [self.wall(at) for change in changes for at in (change - 1, change) if self.began <= at <= until]
        return min([*seen, self.wall(until)]), max([*seen, self.wall(until)])


def draw_offset(random_: random.Random) -> int:
    """Of the wall clock from the right time, in seconds."""
    years = random_.uniform(1, 10) * YEAR_S
    return random_.choice([-1, 1]) * int(random_.choice([0, years, *[10 ** random_.uniform(0, math.log10(10 * YEAR_S))] * 3]))


def draw_plan(random_: random.Random) -> list[tuple[int, str]]:
    offset = draw_offset(random_)
    plan = [(0, str(offset))]
    for after_ms in sorted(random_.randint(0, 1000) for _ in range(random_.randint(0, 5))):
        if random_.random() < 0.3:
            plan.append((after_ms, random_.choice(["stop", "go"])))
        else:
            before, offset = offset, draw_offset(random_)
            plan.append((after_ms, str(offset - before)))
    return plan


def draw_orders(random_: random.Random) -> list[list[Order]]:
    """Of each input file, in order of event time."""
    files = [[] for _ in range(random_.randint(1, 3))]
    keys = random_.choice([1, 5, 50])
    seconds = [EVENT_TIMES_S] * len(files)
    for id_ in range(random_.choice([20, 200, 1000])):
        file = random_.randrange(len(files))
        seconds[file] += random_.choice([0, 0, 1, 3])
        delay_ms = random_.choice([0, 1, random_.randint(2, 300), random_.randint(2, 1000)])
        files[file].append(Order(id_, random_.randrange(keys), seconds[file], delay_ms))
    return files


class Feed:
    """Writes the orders into their files, some at a time. The first ones are there from the start: an empty file is no
    partition yet, and the watermark does not wait for it."""

    def __init__(self, directory: pathlib.Path, files: list[list[Order]]):
        self.left = {directory / f"orders-{number}.txt": list(orders) for number, orders in enumerate(files)}
        self.write(1)

    def write(self, most: int | None = None) -> None:
        for path, orders in self.left.items():
            some = orders[:most]
            del orders[:len(some)]
            with path.open("a") as file:
                file.write("".join(f"{order.id},{order.key},{order.seconds},{order.delay_ms}\n" for order in some))


class Job:
    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.lives: list[Life] = []
        self.process: subprocess.Popen | None = None

    def start(self, random_: random.Random, *options: str) -> None:
        line = [str(PROGRAM), "run", "--input", str(self.directory / "texts" / "*.txt"), "--output",
                str(self.directory / "out"), "--data-dir", str(self.directory / "data"), "--log-level", "error",
                "--shards", str(random_.randint(1, 3)), "--commit-interval", random_.choice(["1ms", "5ms", "40ms"]), *options]
        plan = draw_plan(random_)
        environment = dict(os.environ, RHEON_CLOCK=",".join(f"{after_ms}:{what}" for after_ms, what in plan))
        self.lives.append(Life(plan, "--accept-clock" in options, time.monotonic_ns() // 1000, time.time_ns() // 1000))
        with (self.directory / "errors").open("w") as errors:
            self.process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=errors, env=environment)

    def end(self, signal_: signal.Signals | None) -> bool:
        """Waits for the end of the process, after a signal if there is one. True when it was killed."""
        if signal_:
            self.process.send_signal(signal_)
        try:
            code = self.process.wait(trials.LIMIT_S)
        except subprocess.TimeoutExpired as hanging:
            where = trials.where_it_hangs(self.process.pid)
            raise trials.Failed(f"the run has not ended after {trials.LIMIT_S} s\n{where}") from hanging
        life = self.lives[-1]
        life.ended = time.monotonic_ns() // 1000
        said = (self.directory / "errors").read_text().strip()
        trials.check_alarms(said)
        life.refused = code == REFUSED and "--accept-clock" in said and not life.accepts
        # A signal to stop may come before the program can hear it.
        if code != 0 and not life.refused and not (signal_ == -code or (signal_ == signal.SIGTERM and code == -signal_)):
            raise trials.Failed(f"exit code {code}: {said}")
        return code == -signal.SIGKILL

    def scale(self, shards: int) -> None:
        """If it runs by now."""
        subprocess.run([str(PROGRAM), "scale", str(shards), "--data-dir", str(self.directory / "data")],
                       capture_output=True, timeout=trials.LIMIT_S, check=False)

    def steps(self) -> list[Step]:
        """What is committed."""
        found = []
        published = self.directory / "out" / ".rheon" / "committed"
        for line in published.read_text().splitlines() if published.exists() else []:
            name, length, _ = line.split(" ")
            text = (self.directory / "out" / name).read_bytes()[:int(length)].decode()
            found += [Step(int(key), int(number), what, *map(int, rest)) for key, number, what, *rest in csv.reader(text.splitlines())]
        return found


def check_key(steps: list[Step], orders: dict[int, Order]) -> int:
    """All steps of a key, in order. The answer is how many of its timers by the job's clock have not fired."""
    due: dict[int, int] = {}  # when, by order
    quiet = None
    before = steps[0]
    fired = 0
    for number, step in enumerate(steps, 1):
        def fail(what: str, step: Step = step) -> trials.Failed:
            return trials.Failed(f"{what}: {step}, behind {before}")

        if step.number != number:
            raise fail(f"step {number} is missing or there twice")
        if step.now < before.now or step.watermark < before.watermark:
            raise fail("the job's clock or the watermark went back")
        if step.what == "record":
            order = orders.get(step.value)
            if order is None or order.key != step.key or order.seconds * 1_000_000 != step.at:
                raise fail(f"another order than {order}")
            if late := [id_ for id_, at in due.items() if at + BUMP_US <= step.now]:
                raise fail(f"the reminders of {late} were due before this order")
            due[order.id] = step.now + order.delay_ms * 1000
            quiet = step.now + QUIET_US
        elif step.what == "window":
            if step.watermark < step.at:
                raise fail("a window closed before its time")
        else:
            wanted = quiet if step.what == "quiet" else due.pop(step.value, None)
            if wanted is None or not wanted <= step.at < wanted + BUMP_US or not fired <= step.at <= step.now:
                raise fail(f"a timer fired that was set to {wanted}; the one before to {fired}")
            fired = step.at
            quiet = None if step.what == "quiet" else quiet
        before = step
    return len(due) + (quiet is not None)


def check_steps(steps: list[Step], orders: dict[int, Order]) -> int:
    """What holds at each commit. The answer is how many timers by the job's clock, and orders, are still to come."""
    by_key = collections.defaultdict(list)
    for step in steps:
        by_key[step.key].append(step)
    open_ = sum(check_key(sorted(some, key=lambda step: step.number), orders) for some in by_key.values())
    seen = collections.Counter(step.value for step in steps if step.what == "record")
    if twice := [id_ for id_, times in seen.items() if times > 1]:
        raise trials.Failed(f"orders {twice[:5]} are there more than once")
    return open_ + len(orders) - len(seen)


def check_windows(steps: list[Step], orders: dict[int, Order]) -> None:
    """Of a job that is complete: exactly what the event times say."""
    wanted = collections.Counter((order.key, (order.seconds // WINDOW_S + 1) * WINDOW_S * 1_000_000) for order in orders.values())
    found = collections.Counter((step.key, step.at, step.value) for step in steps if step.what == "window")
    right = collections.Counter((*window, count) for window, count in wanted.items())
    if found != right:
        raise trials.Failed(f"windows are not as their event times say: wrong are {list(found - right)[:5]}, "
                            f"missing {list(right - found)[:5]}")


def check_clock(lives: list[Life], steps: list[Step]) -> None:
    """The job's clock at the first step of each process, and how it goes on from there."""
    stored: tuple[float, float] | None = None  # what the last commit has as the clock, at least and at most
    for life in lives:
        own = sorted((step for step in steps if life.began <= step.monotonic <= life.ended), key=lambda step: step.monotonic)
        until = own[0].monotonic if own else life.ended
        least, most = life.walls(until)
        off_at_most = max(most - stored[0], stored[1] - least) if stored else 0
        off_at_least = max(least - stored[1], stored[0] - most) if stored else 0
        if life.refused and off_at_most < YEAR_S * 1_000_000 - SLACK_US:
            raise trials.Failed(f"refused with a clock that is {off_at_most} us off: {life}")
        if own and not life.accepts and off_at_least > YEAR_S * 1_000_000 + SLACK_US and stored[0] > -math.inf:
            raise trials.Failed(f"not refused with a clock that is {off_at_least} us off: {life}")
        if life.refused:
            continue
        low, high = (max(least, stored[0]), max(most, stored[1])) if stored else (least, most)
        if own and not low - SLACK_US <= own[0].now <= high + (1 + SLEW) * (until - life.began) + SLACK_US:
            raise trials.Failed(f"the job's clock should begin between {low} and {high}: {own[0]}, {life}")
        for step in own:
            passed = step.monotonic - own[0].monotonic
            if abs(step.now - own[0].now - passed) > SLEW * passed + SLACK_US:
                raise trials.Failed(f"the job's clock has left the monotonic one since {own[0]}: {step}")
            if step.what in ("reminder", "quiet") and step.now - max(step.at, own[0].now) > SLACK_US:
                raise trials.Failed(f"a timer is late: {step}")
        if own:
            stored = own[-1].now, own[-1].now + (1 + SLEW) * (life.ended - own[-1].monotonic) + SLACK_US
        else:  # perhaps it has not come to a commit
            stored = stored[0] if stored else -math.inf, high + (1 + SLEW) * (life.ended - life.began)


def live(job: Job, feed: Feed, random_: random.Random, speed: trials.Speed) -> bool:
    """A process that is killed or stopped; true when the kill hit."""
    job.start(random_, *random_.choice([[], ["--accept-clock"]]))
    if random_.random() < 0.2:
        time.sleep(random_.uniform(0, speed.start_s))
    else:
        for _ in range(random_.randint(1, 5)):
            feed.write(random_.randint(0, 60))
            time.sleep(random_.uniform(0, 0.3))
            if random_.random() < 0.1:
                job.scale(random_.randint(1, 4))
    return job.end(random_.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))


def finish(job: Job, feed: Feed, orders: dict[int, Order], random_: random.Random) -> None:
    """Runs until every reminder has fired, and then to the end of all event times."""
    job.start(random_, "--accept-clock")
    feed.write()
    end = time.monotonic() + trials.LIMIT_S
    while left := check_steps(job.steps(), orders):
        if job.process.poll() is not None:
            job.end(None)
            raise trials.Failed(f"the job has ended by itself, before {left} timers have fired")
        if time.monotonic() > end:
            raise trials.Failed(f"{left} timers have not fired after {trials.LIMIT_S} s")
        time.sleep(0.05)
    job.end(signal.SIGTERM)
    job.start(random_, "--accept-clock", "--stop-at-end")
    job.end(None)


def run_undisturbed(directory: pathlib.Path) -> float:
    """Over orders, whatever stands in the directory."""
    (directory / "texts" / "a.txt").unlink()
    Feed(directory / "texts", draw_orders(random.Random(2))).write()
    start = time.monotonic()
    job = Job(directory)
    job.start(random.Random(2), "--stop-at-end")
    job.end(None)
    return time.monotonic() - start


def run_trial(seed: int, speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"clock-{seed}")
    random_ = random.Random(seed)
    files = draw_orders(random_)
    orders = {order.id: order for file in files for order in file}
    job = Job(directory)
    try:
        feed = Feed(directory / "texts", files)
        for _ in range(random_.randint(0, 5)):
            trial.kills += live(job, feed, random_, speed)
        finish(job, feed, orders, random_)
        check_steps(job.steps(), orders)
        check_windows(job.steps(), orders)
        check_clock(job.lives, job.steps())
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    finally:
        job.process.kill()
        job.process.wait()
    trial.seconds = time.monotonic() - start
    return trial


if __name__ == "__main__":
    sys.exit(trials.main("T-20", __doc__.splitlines()[0], ["timers_faulty", "rheon"], run_undisturbed, run_trial))
