#!/usr/bin/env python3
"""T-21: 1 % of the records are bad in 33 ways; each is in quarantine once, every good one in the output once.

A trial makes 1,000 to 4,000 orders from its seed, most of them short, some as long as a line may be, and bad ones among
them: too long (by a byte, or up to 100 MB), no UTF-8, without a field, such at which a step throws, that an operator
refuses, and so on (KINDS; a trial draws all of them or a few). The job (tests/chaos/jobs/poison.cc) runs over them on
1 to 3 shards; in half of the trials it is killed, 1 to 3 times, and started again. In the end

- each good order is in the CSV files once, and the orders of a customer have each number 1..n once;
- each bad one is in the stream `quarantine` once, with its operator, its place as far as it is known, the reason and
  the record, cut to 64 KiB; those that an operator drops are counted in the ledger;
- the ledger balances and has these numbers, and `rheon log check` finds nothing;
- no run took more memory than its budget (budget_bytes()), unless a sanitizer takes some of its own.
"""

import collections
import dataclasses
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import peak
import trials

MIB = 1 << 20
KEPT_BYTES = 64 << 10  # of a record in quarantine
BATCH_RECORDS = 1024  # within so many behind the place that is named stands the record
UNCOMMITTED_BYTES = 8 * MIB  # of a shard
FILES = 4  # at most
PAUSE_US = 200  # that an order takes
FUTURE_S = 40_000_000_000  # more than a day in the future for long


def budget_bytes(shards: int, limit: int, floods: bool) -> int:
    """What the program takes, each shard with what waits for a commit, and the longest lines on their way through the
    stages; with `floods` also an output of 64 MiB that is taken back."""
    lines_at_once = 12 + 2 * FILES  # of a shard: 8 in a ring, one at either end, two for the sink; what each file's grows in
    return 24 * MIB + shards * (8 * MIB + UNCOMMITTED_BYTES + lines_at_once * limit + (96 * MIB if floods else 0))


@dataclasses.dataclass
class Line:
    """One of an input file: some bytes, and then so many times an x."""
    head: bytes
    filler: int = 0
    end: bytes = b"\n"

    def size(self) -> int:
        return len(self.head) + self.filler


@dataclasses.dataclass(frozen=True)
class Kind:
    operator: str  # that finds it
    reason: str  # a regular expression; {bytes}, {limit} of the line are filled in
    make: Callable[["Maker"], Line]


@dataclasses.dataclass
class Maker:
    """What a line is made of."""
    random: random.Random
    id: str
    customer: str
    limit: int

    def line(self, note: bytes = b"", seconds: int | str = 1_600_000_000, amount: int | str = 7, filler: int = 0) -> Line:
        return Line(f"{self.id},{self.customer},{seconds},{amount},".encode() + note, filler)

    def of_size(self, size: int) -> Line:
        line = self.line()
        line.filler = size - len(line.head)
        return line


def says(operator: str, note: str, reason: str = "") -> Kind:
    """An order whose note says what happens to it, and where."""
    return Kind(operator, reason or re.escape(note), lambda m: m.line(f"!{note}".encode()))


def no_utf8(bytes_: bytes) -> Kind:
    return Kind("lines", "the line is not valid UTF-8", lambda m: m.line(b"caf" + bytes_))


def no_order(reason: str, make: Callable[[Maker], Line]) -> Kind:
    return Kind("parse", reason, make)


TOO_LONG = r"the line has {bytes} bytes, more than the limit of {limit} \(max_line_bytes\); its first 65536 bytes are kept"
KINDS = {
    "a byte too long": Kind("lines", TOO_LONG, lambda m: m.of_size(m.limit + 1)),
    "much too long": Kind("lines", TOO_LONG, lambda m: m.of_size(m.limit + m.random.randint(2, 5 * MIB))),
    "huge": Kind("lines", TOO_LONG, lambda m: m.of_size(m.limit + m.random.choice([5, 5, 5, 20, 100]) * 1_000_000)),
    "a lone byte": no_utf8(b"\xe9"),
    "overlong": no_utf8(b"\xc0\x80"),
    "surrogate": no_utf8(b"\xed\xa0\x80"),
    "beyond Unicode": no_utf8(b"\xf4\x90\x80\x80"),
    "cut character": no_utf8(b"\xe2\x82"),
    "long and no UTF-8": Kind("lines", "the line is not valid UTF-8; its first 65536 bytes are kept",
                              lambda m: m.line(b"\xff", filler=100_000)),
    "future": Kind("lines", r"event time \d+ us lies further in the future than max_future allows",
                   lambda m: m.line(seconds=FUTURE_S)),
    "empty": no_order("an empty line", lambda m: Line(b"")),
    "blank": no_order("a blank line", lambda m: Line(b" \t ")),
    "NUL": no_order("a NUL byte", lambda m: m.line(b"a\0b")),
    "few fields": no_order("a field is missing", lambda m: Line(f"{m.id},{m.customer},1600000000".encode())),
    "no customer": no_order("no customer", lambda m: Line(f"{m.id},,1600000000,7,".encode())),
    "no number": no_order("not a number", lambda m: m.line(amount=m.random.choice(["", "7x", "seven", " 7", "7.0"]))),
    "negative": no_order("not a number", lambda m: m.line(amount=-7)),
    "out of range": no_order("the number is out of range", lambda m: m.line(amount=2**32 + m.random.randrange(2**70))),
    "no exception": says("parse", "throws a number", "an exception that is not a std::exception"),
    "no word": says("parse", "throws without a word", "$"),
    "bytes as a reason": says("parse", "throws bytes", "caf\ufffd \x01"),
    "long reason": says("parse", "throws at length", "r{{100000}}"),
    "no memory": says("parse", "has no memory", "std::bad_alloc"),
    "long, then thrown": no_order("not a number", lambda m: m.line(amount="x", filler=m.limit - 100)),
    "in filter": says("wanted", "throws in filter"),
    "in peek": says("watch", "throws in peek"),
    "behind an output": says("pass", "throws behind an output"),
    "in split": says("kind", "throws in split"),
    "refused": says("book", "is quarantined"),
    "late": Kind("book", "late: its event time 0 us lies before the watermark .*|came before anything else",
                 lambda m: m.line(b"!is late", seconds=0)),
    "behind effects": says("book", "throws behind effects"),
    "refused behind effects": says("book", "is quarantined behind effects",
                                   r'quarantine\("too late"\) in a call that has emitted'),
    "flood": says("book", "never stops", r"one call emitted more than max_output_per_input \(64 MiB\)"),
}
DROPPED = ("is dropped", "filter")  # reasons in the ledger, of orders that are not bad


@dataclasses.dataclass
class Place:
    path: str
    number: int  # of the line in its file
    offset: int


@dataclasses.dataclass
class Poison:
    name: str
    line: Line
    place: Place
    reason: str
    seen: int = 0


@dataclasses.dataclass
class Truth:
    """What is in the input."""
    records: int = 0
    good: dict[str, tuple[str, Line]] = dataclasses.field(default_factory=dict)  # customer and line by id
    poison: dict[str, Poison] = dataclasses.field(default_factory=dict)  # by id
    dropped: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by reason
    lines: dict[tuple[str, int], int] = dataclasses.field(default_factory=dict)  # number by path and offset


def good_line(maker: Maker) -> Line:
    random_ = maker.random
    note = random_.choice([b"", b"plain", b'says "so", twice', "naïve \U0010ffff".encode(), b"tab\there", b"a\rb"])
    line = maker.line(note, random_.randint(1_599_999_990, 1_600_000_000), random_.randint(1, 2**32 - 1))
    line.filler = random_.choice([0] * 30 + [100] * 30 + [3_000] * 20 + [100_000])
    if random_.random() < 0.003:
        line.filler = maker.limit - line.size()
    if random_.random() < 0.1 and line.size() < maker.limit:
        line.end = b"\r\n"
    return line


def write(file, line: Line) -> None:
    file.write(line.head)
    for at in range(0, line.filler, MIB):
        file.write(b"x" * min(MIB, line.filler - at))
    file.write(line.end)


def deck(random_: random.Random, kinds: list[str], count: int) -> Iterator[str]:
    """Each kind once before one comes again."""
    while count > 0:
        kinds = random_.sample(kinds, len(kinds))
        yield from kinds[:count]
        count -= len(kinds)


def write_orders(random_: random.Random, directory: pathlib.Path, limit: int, floods: bool) -> Truth:
    truth = Truth()
    count = random_.randint(1_000, 4_000)
    drawn = [name for name in KINDS if floods or name != "flood"]
    if random_.random() < 0.3:
        drawn = random_.sample(drawn, random_.randint(1, 4))
    kinds = list(deck(random_, drawn, count // 100))
    bad = dict(zip(random_.sample(range(count), len(kinds)), kinds))
    customers = [f"customer-{number}" for number in range(random_.choice([1, 7, 100]))]
    files = random_.randint(1, FILES)
    for file_number in range(files):
        path = directory / f"orders-{file_number}.txt"
        with path.open("wb") as file:
            for number, index in enumerate(range(file_number, count, files)):
                maker = Maker(random_, f"#{index}#", random_.choice(customers), limit)
                place = Place(str(path), number, file.tell())
                truth.lines[(place.path, place.offset)] = number
                if name := bad.get(index):
                    line = KINDS[name].make(maker)
                    reason = KINDS[name].reason.format(bytes=line.size(), limit=limit)
                    truth.poison[maker.id] = Poison(name, line, place, reason)
                elif random_.random() < 0.01:
                    reason = random_.choice(DROPPED)
                    line = maker.line(amount=0) if reason == "filter" else maker.line(b"!is dropped")
                    truth.dropped[reason] += 1
                else:
                    line = good_line(maker)
                    truth.good[maker.id] = (maker.customer, line)
                write(file, line)
            if line.size() > 0 and random_.random() < 0.5:
                file.truncate(file.tell() - len(line.end))  # the last line has no end
    truth.records = count
    return truth


def csv_field(text: bytes) -> bytes:
    return b'"' + text.replace(b'"', b'""') + b'"' if re.search(rb'[,"\r\n]', text) else text


def check_good(directory: pathlib.Path, truth: Truth) -> None:
    numbers = collections.defaultdict(list)
    seen = collections.Counter()
    for path in sorted(directory.glob("*.csv")):
        with path.open("rb") as file:
            for row in file:
                customer, id_, number, amount, note = row.rstrip(b"\n").split(b",", 4)
                if id_.decode() not in truth.good:
                    raise trials.Failed(f"{path.name} has {row[:100]!r}, which is not a good order")
                wanted_customer, line = truth.good[id_.decode()]
                _, _, _, wanted_amount, wanted_note = (line.head + b"x" * line.filler).split(b",", 4)
                if (customer.decode(), amount, note) != (wanted_customer, wanted_amount, csv_field(wanted_note)):
                    raise trials.Failed(f"{path.name} has {row[:100]!r} for the line {line.head[:100]!r} and {line.filler} times x")
                seen[id_.decode()] += 1
                numbers[wanted_customer].append(int(number))
    if wrong := [id_ for id_ in truth.good if seen[id_] != 1]:
        raise trials.Failed(f"{len(wrong)} good orders are not there once: {[(id_, seen[id_]) for id_ in wrong[:5]]}")
    for customer, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            raise trials.Failed(f"the orders of {customer} have the numbers {sorted(found)[:10]}...")


def ask(directory: pathlib.Path, *words: str) -> Iterator[str]:
    """The lines that a command of the job prints."""
    line = [str(trials.BIN / "poison"), *words, "--data-dir", str(directory / "data")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield from process.stdout
        errors = process.stderr.read()
    if process.returncode != 0:
        raise trials.Failed(f"{' '.join(words)}: exit code {process.returncode}: {errors.strip()}")


def is_place(text: str, poison: Poison, truth: Truth) -> bool:
    kind = KINDS[poison.name]
    if kind.operator == "book" and not text:
        return True  # behind an exchange the place is not known
    if kind.operator == "lines" and poison.name != "future":
        return text == f"{poison.place.path}:{poison.place.offset}"
    found = re.fullmatch(r"source 'lines', at or behind (.*):(\d+)", text)
    first = truth.lines.get((found[1], int(found[2]))) if found else None
    return first is not None and found[1] == poison.place.path and first <= poison.place.number < first + BATCH_RECORDS


def is_record(text: str, poison: Poison) -> bool:
    kind, line = KINDS[poison.name], poison.line
    if kind.operator not in ("lines", "parse"):
        return line.head.split(b",", 4)[4].decode() in text  # a struct, encoded
    head = line.head + b"x" * min(line.filler, KEPT_BYTES)
    try:
        return text == head[:KEPT_BYTES].decode()
    except UnicodeDecodeError as error:
        return text.startswith(head[:error.start].decode() + "\ufffd")


def find_poison(value: dict[str, str], truth: Truth) -> Poison | None:
    """What an entry of the quarantine stands for; an order without an id is known by its place."""
    if found := re.search(r"#\d+#", value["record"]):
        return truth.poison.get(found[0])
    fits = [one for one in truth.poison.values() if is_record(value["record"], one) and is_place(value["place"], one, truth)]
    return min(fits, key=lambda one: one.seen, default=None)


def check_quarantine(directory: pathlib.Path, truth: Truth) -> None:
    for row in ask(directory, "streams", "cat", "quarantine"):
        value = json.loads(row)["value"]
        shown = {name: text[:200] for name, text in value.items()}
        poison = find_poison(value, truth)
        if poison is None:
            raise trials.Failed(f"nothing bad in the input is what stands in quarantine: {shown}")
        poison.seen += 1
        if value["operator_name"] != KINDS[poison.name].operator or not re.fullmatch(poison.reason, value["reason"]):
            raise trials.Failed(f"'{poison.name}' is in quarantine with another reason: {shown}")
        if not is_place(value["place"], poison, truth):
            raise trials.Failed(f"'{poison.name}' at {poison.place} is in quarantine with another place: {shown}")
        if not is_record(value["record"], poison):
            raise trials.Failed(f"'{poison.name}' is in quarantine with another record than {poison.line.head[:100]!r}: {shown}")
    if wrong := [(one.name, one.seen) for one in truth.poison.values() if one.seen != 1]:
        raise trials.Failed(f"{len(wrong)} bad orders are not in quarantine once: {wrong[:5]}")


def check_ledger(directory: pathlib.Path, truth: Truth) -> None:
    ledger = json.loads("".join(ask(directory, "ledger", "--json")))
    if not ledger["balanced"]:
        raise trials.Failed(f"the ledger does not balance: {ledger}")
    operators = {operator["name"]: operator for operator in ledger["operators"]}
    wanted = collections.Counter(KINDS[one.name].operator for one in truth.poison.values())
    found = {name: operator["quarantined"] for name, operator in operators.items() if operator.get("quarantined")}
    if found != wanted:
        raise trials.Failed(f"quarantined are {dict(wanted)}, in the ledger {found}")
    dropped = collections.Counter({name.removeprefix("dropped/"): count for operator in operators.values()
                                   for name, count in operator.items() if name.startswith("dropped/")})
    if operators["lines"]["in"] != truth.records or operators["book"]["emitted"] != len(truth.good) or dropped != truth.dropped:
        raise trials.Failed(f"{truth.records} orders, {len(truth.good)} of them good, {dict(truth.dropped)} dropped; "
                            f"in the ledger: {operators}")


def command(directory: pathlib.Path, shards: int, limit: int, interval: str, pause_us: int = 0) -> list[str]:
    return [str(trials.BIN / "poison"), "run", "--input", str(directory / "texts" / "*.txt"), "--output", str(directory / "out"),
            "--data-dir", str(directory / "data"), "--max-line-bytes", str(limit), "--shards", str(shards),
            "--pause", f"{pause_us}us", "--commit-interval", interval,
            "--max-uncommitted-bytes", str(UNCOMMITTED_BYTES), "--log-level", "error"]


def run_undisturbed(directory: pathlib.Path) -> float:
    """Over orders, whatever stands in the directory."""
    write_orders(random.Random(2), directory / "texts", MIB, floods=False)
    (directory / "texts" / "a.txt").unlink()
    return trials.run_to_the_end(command(directory, 2, MIB, "5ms"))


def run_trial(seed: int, speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"poison-{seed}")
    random_ = random.Random(seed)
    limit = random_.choice([MIB, MIB, MIB, 16 * MIB])
    floods = random_.random() < 0.3
    try:
        truth = write_orders(random_, directory / "texts", limit, floods)
        kills = random_.choice([0, 0, 0, 1, 2, 3])
        pause_us = PAUSE_US if kills else 0  # so that kills land between commits
        longest = speed.start_s + truth.records * pause_us / 1e6
        for killed in [True] * kills + [False]:
            shards = random_.randint(1, 3)
            line = command(directory, shards, limit, random_.choice(["1ms", "5ms", "40ms"] + ["1s"] * (not killed)), pause_us)
            run = peak.run(line, directory / "errors", random_.uniform(0, longest) if killed else None)
            if run.code != 0 and not (killed and run.code == -9):
                raise trials.Failed(f"exit code {run.code}: {run.said}")
            trial.kills += run.code == -9
            if not trials.is_sanitized("poison"):
                peak.check(run.peak_bytes, budget_bytes(shards, limit, floods))
        check_good(directory / "out", truth)
        check_quarantine(directory, truth)
        check_ledger(directory, truth)
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = str(failed)
    trial.seconds = time.monotonic() - start
    return trial


if __name__ == "__main__":
    sys.exit(trials.main("T-21", __doc__.splitlines()[0], ["poison", "rheon"], run_undisturbed, run_trial,
                         needs_faults=False))
