#!/usr/bin/env python3
"""What the tests run of the sources, by clang's source-based coverage: ./dev coverage.

Reads the profiles that the programs of the preset `coverage` have written, and prints for each part of the product how
many lines and branches are covered. A part has a floor; what is missing of it is listed with its place. A branch counts
as two: taken and not taken. The failing branch of RHEON_ASSERT does not count, nor does a switch's own one, which is taken when no case matches:
the compiler sees that every value has a case. What else cannot be reached stands with its
reason in tests/coverage_exclusions.txt: 'PATH: text of the line # reason'.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "coverage"
PROFILES = BUILD / "profiles"
EXCLUSIONS = ROOT / "tests" / "coverage_exclusions.txt"


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    files: tuple[str, ...]  # below the root, as glob
    what: str  # "lines" or "branches"
    floor_percent: float


PARTS = [
    Part("commit and recovery", ("src/log/files/*.cc", "src/log/files/*.h"), "branches", 100),
    Part("parsers", ("src/codec/*.cc", "src/codec/*.h", "src/connect/line_splitter.cc", "src/connect/files/csv_text.cc",
                     "src/connect/files/csv_facts.cc", "src/connect/files/file_position.cc", "src/engine/catalog.cc",
                     "src/run/command_line.cc", "src/run/answers.cc", "src/api/parameters.cc"), "branches", 100),
    Part("engine", ("src/engine/*.cc", "src/engine/*.h"), "lines", 95),
]


@dataclasses.dataclass
class File:
    lines: dict[int, int] = dataclasses.field(default_factory=dict)  # how often each was run
    branches: dict[tuple, list[int]] = dataclasses.field(default_factory=lambda: collections.defaultdict(lambda: [0, 0]))


def programs() -> list[pathlib.Path]:
    tests = sorted(path for path in (BUILD / "tests").iterdir() if path.is_file() and path.name.endswith("_test"))
    return tests + sorted(path for path in (BUILD / "bin").iterdir() if path.is_file())


def export() -> dict:
    """What llvm-cov says of all programs together."""
    profiles = sorted(str(path) for path in PROFILES.glob("*.profraw"))
    if not profiles:
        sys.exit(f"no profiles in {PROFILES.relative_to(ROOT)}: run ./dev coverage")
    merged = BUILD / "all.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", str(merged), *profiles], check=True)
    first, *others = programs()
    objects = [word for path in others for word in ("-object", str(path))]
    done = subprocess.run(["llvm-cov-19", "export", f"-instr-profile={merged}", "-skip-functions", str(first), *objects],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def read_files(exported: dict) -> dict[str, File]:
    """By path below the root. Of a template all instances count together."""
    files = collections.defaultdict(File)
    for entry in exported["data"][0]["files"]:
        path = pathlib.Path(entry["filename"])
        path = ROOT / path if (ROOT / path).exists() else (BUILD / path).resolve()  # as -ffile-prefix-map has left it
        if not path.is_relative_to(ROOT / "src"):
            continue
        file = files[str(path.relative_to(ROOT))]
        for line, count in lines_of(entry["segments"]).items():
            file.lines[line] = max(file.lines.get(line, 0), count)
        for region in entry["branches"]:
            add_branch(file, tuple(region[:4]), region)
        for expansion in entry["expansions"]:  # of macros, at the place of their use
            line, column, *_ = expansion["source_region"]
            for region in expansion["branches"]:
                add_branch(file, (line, column, *region[:4]), region)
    return files


def add_branch(file: File, place: tuple, region: list) -> None:
    counts = file.branches[place]
    counts[0] += region[4]
    counts[1] += region[5]


def lines_of(segments: list) -> dict[int, int]:
    """Counts by line, from segments [line, column, count, has count, is entry, is gap]: the greatest that touches it."""
    counts = {}
    for (line, _, count, has_count, _, is_gap), (next_line, next_column, *_) in zip(segments, segments[1:]):
        if not has_count or is_gap:
            continue
        for number in range(line, next_line + (1 if next_column > 1 else 0)):
            counts[number] = max(counts.get(number, 0), count)
    return counts


def read_exclusions() -> dict[str, set[str]]:
    excluded = collections.defaultdict(set)
    if EXCLUSIONS.exists():
        for number, line in enumerate(EXCLUSIONS.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            rest, mark, reason = line.partition(" # ")
            path, colon, text = rest.partition(": ")
            if not mark or not colon or not reason.strip():
                sys.exit(f"{EXCLUSIONS.relative_to(ROOT)}:{number}: write 'PATH: text of the line # reason'")
            if text.strip() not in {source.strip() for source in (ROOT / path).read_text().splitlines()}:
                sys.exit(f"{EXCLUSIONS.relative_to(ROOT)}:{number}: {path} has no such line any more")
            excluded[path].add(text.strip())
    return excluded


def assertion_lines(source: list[str]) -> set[int]:
    """The numbers of the lines on which an RHEON_ASSERT stands."""
    lines, depth = set(), 0
    for number, line in enumerate(source, 1):
        at = line.find("RHEON_ASSERT(")
        if depth > 0 or at >= 0:
            lines.add(number)
            code = line if depth > 0 else line[at:]
            depth += code.count("(") - code.count(")")
    return lines


def missing_of(part: Part, path: str, file: File, excluded: set[str]) -> tuple[int, list[str]]:
    """How much counts in this file, and what of it no test runs."""
    source = (ROOT / path).read_text().splitlines()
    skipped = assertion_lines(source) | {number for number, line in enumerate(source, 1) if line.strip() in excluded}
    counted, missing = 0, []
    if part.what == "lines":
        for number, count in sorted(file.lines.items()):
            if number not in skipped:
                counted += 1
                if count == 0:
                    missing.append(f"{path}:{number}: {source[number - 1].strip()}")
        return counted, missing
    for (line, column, *_), (taken, not_taken) in sorted(file.branches.items()):
        if line in skipped or source[line - 1].lstrip().startswith("switch ("):
            continue
        counted += 2
        for count, word in ((taken, "never true"), (not_taken, "never false")):
            if count == 0:
                missing.append(f"{path}:{line}:{column}: {word}: {source[line - 1].strip()}")
    return counted, missing


def paths_of(part: Part) -> list[str]:
    paths = set()
    for pattern in part.files:
        found = {str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)}
        if not found:
            sys.exit(f"{part.name}: nothing is called {pattern} any more")
        paths |= found
    return sorted(paths)


def report(files: dict[str, File], verbose: bool) -> int:
    excluded = read_exclusions()
    failed = 0
    for part in PARTS:
        counted, missing = 0, []
        for path in paths_of(part):
            if path in files:
                of_file, missing_here = missing_of(part, path, files[path], excluded[path])
                counted += of_file
                missing += missing_here
        percent = 100 * (counted - len(missing)) / max(counted, 1)
        reached = percent >= part.floor_percent
        failed += not reached
        print(f"{part.name}: {percent:.1f} % of {counted:,} {part.what}; floor {part.floor_percent:g} %"
              f"{'' if reached else ': NOT REACHED'}")
        if verbose:
            print("".join(f"  {line}\n" for line in missing), end="")
    print(f"{len(PARTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--missing", action="store_true", help="also list what no test runs")
    args = parser.parse_args()
    return report(read_files(export()), args.missing)


if __name__ == "__main__":
    sys.exit(main())
