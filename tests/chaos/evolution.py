#!/usr/bin/env python3
"""T-24: state that an older build has stored, under a newer one: as it should be, or refused with the names; all pairs.

The job (tests/chaos/jobs/evolution.cc) has the versions of a program that are written down here: its struct in each of
its SHAPES, in four kinds of state, and the first shape in each of the KINDS. A trial is an ordered pair of versions and
1,000 keys. The older one fills its state. Then the newer one goes on. Either

- it finds of each key what the older one has stored, and defaults in new fields; it writes half of the keys and finds all
  of it once more; and the older one, run again, finds what both have in common; or
- it says 3 and a sentence with the names of operator, state and field, has not written a byte, and the older one goes on.

Seeds 1 to 1066 are all pairs.
"""

import collections
import dataclasses
import pathlib
import random
import shutil
import subprocess
import sys
import time

import trials

KEYS = 1_000
REFUSED = 3
SAID_AGAIN = {"witness", "published"}  # what is committed, whenever a log is opened
U32, U64, I64, F64, TEXT = "u32", "u64", "i64", "f64", "text"


@dataclasses.dataclass(frozen=True)
class Struct:
    name: str
    fields: dict  # type and default by name; no default: 0, "", [], none


@dataclasses.dataclass(frozen=True)
class Many:
    of: object


@dataclasses.dataclass(frozen=True)
class Maybe:
    of: object


PLACE = Struct("Place", {"x": (I64,), "y": (I64,)})
DEEPER = Struct("Place", {"x": (I64,), "street": (TEXT, "unknown")})
MOVED = Struct("Place", {"x": (F64,), "y": (I64,)})


def item(**fields: object) -> Struct:
    return Struct("Item", {name: field if isinstance(field, tuple) else (field,) for name, field in fields.items()})


SHAPES = {
    "base": item(count=U32, label=TEXT, place=PLACE),
    "added": item(count=U32, extra=(U64, 7), label=TEXT, place=PLACE),
    "dropped": item(count=U32, place=PLACE),
    "renamed": item(count=U32, title=(TEXT, "none"), place=PLACE),
    "reordered": item(place=PLACE, label=TEXT, count=U32),
    "wider": item(count=U64, label=TEXT, place=PLACE),
    "worded": item(count=TEXT, label=TEXT, place=PLACE),
    "real": item(count=F64, label=TEXT),
    "deeper": item(count=U32, place=DEEPER),
    "moved": item(count=U32, place=MOVED),
    "listed": item(count=U32, places=Many(PLACE), tags=Many(U32)),
    "relisted": item(count=U32, places=Many(DEEPER)),
    "retagged": item(count=U32, tags=Many(TEXT)),
    "maybe": item(count=Maybe(U32), place=Maybe(PLACE), label=(TEXT, "nothing")),
    "perhaps": item(count=Maybe(U32), place=Maybe(DEEPER)),
    "other": Struct("Article", {"count": (U32,), "label": (TEXT,), "place": (PLACE,)}),
}
IN_ALL_SHAPES = ("value", "map", "list", "aggregate")
KINDS = (*IN_ALL_SHAPES, "ttl", "named", "counter")  # named: a map with keys of another type


@dataclasses.dataclass(frozen=True)
class Version:
    kind: str
    shape: str


PAIRS = [(Version(kind, old), Version(kind, new)) for kind in IN_ALL_SHAPES for old in SHAPES for new in SHAPES]
PAIRS += [(Version(old, "base"), Version(new, "base")) for old in KINDS for new in KINDS if old != new]
STRIDE = 613  # has no factor in common with the number of pairs: some seeds in a row are of all sorts


def default(type_: object, given: tuple) -> object:
    if given:
        return given[0]
    if isinstance(type_, Struct):
        return {name: default(field, rest) for name, (field, *rest) in type_.fields.items()}
    return {TEXT: ""}.get(type_, 0) if isinstance(type_, str) else [] if isinstance(type_, Many) else None


def filled(type_: object, seed: int) -> object:
    """As the job fills it from a number."""
    if isinstance(type_, Struct):
        return {name: filled(field, seed + sum(name.encode())) for name, (field, *_) in type_.fields.items()}
    if isinstance(type_, Many):
        return [filled(type_.of, seed + index) for index in range(seed % 3)]
    if isinstance(type_, Maybe):
        return filled(type_.of, seed) if seed % 2 else None
    return f"t{seed}" if type_ == TEXT else seed


def read_as(stored: object, current: object, value: object) -> object:
    """A value of one type as another, which agree in what they have in common."""
    if isinstance(current, Struct):
        return {name: read_as(stored.fields[name][0], field, value[name]) if name in stored.fields else default(field, rest)
                for name, (field, *rest) in current.fields.items()}
    if isinstance(current, Many):
        return [read_as(stored.of, current.of, element) for element in value]
    if isinstance(current, Maybe):
        return None if value is None else read_as(stored.of, current.of, value)
    return value


def disagreement(stored: object, current: object, path: str = "") -> str | None:
    """The field that has another type in the two, "" for all of it; none: they agree."""
    if type(stored) is not type(current) or (isinstance(stored, str) and stored != current):
        return path
    if isinstance(stored, Many | Maybe):
        return disagreement(stored.of, current.of, path)
    if isinstance(stored, Struct):
        if stored.name != current.name:
            return path
        for name, (field, *_) in stored.fields.items():
            if name in current.fields:
                found = disagreement(field, current.fields[name][0], f"{path}.{name}".lstrip("."))
                if found is not None:
                    return found
    return None


def show(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ";".join(f"{name}={show(field)}" for name, field in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ";".join(map(show, value)) + "]"
    return "none" if value is None else str(value)


class Program:
    """What is stored, by the table above and in the directory of a job."""

    def __init__(self, random_: random.Random, directory: pathlib.Path):
        self.random = random_
        self.directory = directory
        self.steps = 0
        self.rows = collections.Counter()
        self.stored: dict[int, object] = {}  # by key: what a version shows
        self.shape = ""

    def run(self, version: Version, keys: range, makes: bool = False) -> subprocess.CompletedProcess:
        self.steps += 1
        lines = [f"{key},{'make' if makes else 'touch'}\n" for key in keys]
        self.random.shuffle(lines)
        (self.directory / "texts" / f"{self.steps}.txt").write_text("".join(lines))
        return subprocess.run(
            [str(trials.BIN / "evolution"), "run", "--input", str(self.directory / "texts" / "*.txt"), "--output",
             str(self.directory / "out"), "--data-dir", str(self.directory / "data"), "--kind", version.kind, "--shape",
             version.shape, "--no-drain", "--log-level", "error", "--shards", str(self.random.randint(1, 3))],
            capture_output=True, text=True, check=False, timeout=trials.LIMIT_S)

    def fill(self, version: Version) -> None:
        type_ = SHAPES[version.shape]
        several = 1 if version.kind in ("value", "ttl", "aggregate") else 3
        for key in range(KEYS):
            self.stored[key] = key if version.kind == "counter" else [filled(type_, key + index) for index in range(several)]
        self.shape = version.shape
        self.check(version, range(KEYS), self.run(version, range(KEYS), makes=True))

    def go_on(self, version: Version, keys: range) -> None:
        """With a version that can read it."""
        if version.shape != self.shape:
            old, new = Many(SHAPES[self.shape]), Many(SHAPES[version.shape])
            self.stored = {key: read_as(old, new, value) for key, value in self.stored.items()}
            self.shape = version.shape
        self.check(version, keys, self.run(version, keys))

    def check(self, version: Version, keys: range, done: subprocess.CompletedProcess) -> None:
        """That the run has shown of each key what is stored, once."""
        trials.check_alarms(done.stderr)
        if done.returncode != 0:
            raise trials.Failed(f"{version}: exit code {done.returncode}: {done.stderr.strip()}")
        before, self.rows = self.rows, collections.Counter(
            line for path in (self.directory / "out").glob("*.csv") for line in path.read_text().splitlines())
        wanted = collections.Counter(f"{key},{show(self.stored[key])}" for key in keys)
        if self.rows - before != wanted or before - self.rows:
            raise trials.Failed(f"{version} has {list(self.rows - before - wanted)[:3]} instead of {list(wanted - (self.rows - before))[:3]}")

    def contents(self) -> dict[pathlib.Path, bytes]:
        return {path: path.read_bytes() for name in ("data", "out") for path in (self.directory / name).rglob("*")
                if path.is_file() and path.name not in SAID_AGAIN}


def check_refused(program: Program, old: Version, new: Version, field: str) -> None:
    before = program.contents()
    done = program.run(new, range(KEYS))
    (program.directory / "texts" / f"{program.steps}.txt").unlink()
    if done.returncode != REFUSED:
        raise trials.Failed(f"exit code {done.returncode} instead of {REFUSED}: {done.stderr.strip()}")
    state = "'items.value'" if old.kind == "aggregate" else "'items.kept'"
    for name in [state, f"field '{field}'"] if field else [state]:
        if name not in done.stderr:
            raise trials.Failed(f"the refusal does not name {name}: {done.stderr.strip()}")
    after = program.contents()
    if changed := [str(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)]:
        raise trials.Failed(f"it was refused, and has changed {changed}")


def run_trial(seed: int, _speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"evolution-{seed}")
    old, new = PAIRS[seed * STRIDE % len(PAIRS)]
    program = Program(random.Random(seed), directory)
    try:
        field = disagreement(SHAPES[old.shape], SHAPES[new.shape])
        program.fill(old)
        if field is None and old.kind == new.kind:
            program.go_on(new, range(0, KEYS, 2))
            program.go_on(new, range(KEYS))
        else:
            trial.kills = 1
            check_refused(program, old, new, field or "")
        program.go_on(old, range(KEYS))
        trials.check_log(directory / "data")
        shutil.rmtree(directory)
    except trials.Failed as failed:
        trial.problem = f"{old} -> {new}: {failed}"
    trial.seconds = time.monotonic() - start
    return trial


def run_undisturbed(directory: pathlib.Path) -> float:
    (directory / "texts" / "a.txt").unlink()
    start = time.monotonic()
    Program(random.Random(2), directory).fill(Version("value", "base"))
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(trials.main("T-24", __doc__.splitlines()[0], ["evolution", "rheon"], run_undisturbed, run_trial, faults="refused"))
