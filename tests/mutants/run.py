#!/usr/bin/env python3
"""T-26: bugs put into the code by hand; a test must catch each of them.

Works on a copy of the sources below build/mutants/, so that nothing else on this machine sees a mutant. Each patch of
tests/mutants/ is applied to it, what is needed is built, and tests run, from the room of the file to the kill campaign,
until one fails: that one has caught it. A mutant that makes a test hang is caught by the time limit. One that nothing
catches, that does not build or whose patch no longer fits is a failure; and so is a test that also fails without it.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "mutants"
SOURCE = WORK / "src"
BUILD, BIN = SOURCE / "build" / "release", SOURCE / "build" / "bin"  # where ccache finds what ROOT has compiled


@dataclasses.dataclass(frozen=True)
class Stage:
    name: str
    targets: tuple[str, ...]
    command: tuple[str, ...]  # in the copy of the sources
    limit_s: int


def unit_test(room: str, *programs: str) -> Stage:
    name = f"rheon_{room}_test"
    return Stage(name, (name, *programs), (str(BUILD / "tests" / name), "--gtest_fail_fast"), 120)


LATER = [
    unit_test("log"), unit_test("engine"), unit_test("operators"), unit_test("testing"), unit_test("golden"),
    Stage("rheon_sim", ("rheon_sim_program",), (str(BIN / "rheon_sim"), "--count", "300"), 300),
    unit_test("integration", "wordcount", "wordcount_generated", "split_words", "count_words"),
    Stage("tests/chaos/kill.py", ("wordcount", "rheon"), (sys.executable, "tests/chaos/kill.py", "--count", "10"), 600),
]


class Failed(Exception):
    """A sentence that says why a mutant was not caught."""


@dataclasses.dataclass
class Mutant:
    path: pathlib.Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def files(self) -> list[str]:
        return re.findall(r"^\+\+\+ b/(\S+)", self.path.read_text(), re.MULTILINE)

    def stages(self) -> list[Stage]:
        """The tests of the room come first."""
        rooms = [file.split("/")[1] for file in self.files if file.startswith("src/")]
        first = [unit_test(room) for room in dict.fromkeys(rooms)]
        return first + [stage for stage in LATER if stage not in first]


def copy_sources() -> None:
    """Brings the copy up to date. What has not changed keeps its time, so that little is built again."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, check=True).stdout.decode().split("\0")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for name in wanted:
        source, copy = ROOT / name, SOURCE / name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            shutil.copymode(source, copy)
    for copy in SOURCE.rglob("*"):
        name = str(copy.relative_to(SOURCE))
        if copy.is_file() and name not in wanted and not name.startswith("build/"):
            copy.unlink()


def run(command: list[str] | tuple[str, ...], limit_s: float, log: pathlib.Path) -> tuple[int | None, str]:
    """Exit code, none when it hangs, and what it printed."""
    environment = dict(os.environ, RHEON_BIN_DIR=str(BIN), RHEON_LIMIT_S="30")
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=SOURCE, env=environment, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            code = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)  # also what it has started
            except ProcessLookupError:
                pass
            process.wait()
    return code, log.read_text(errors="replace")


def build(targets: tuple[str, ...], jobs: int) -> None:
    code, output = run(["cmake", "--build", str(BUILD), "-j", str(jobs), "--target", *targets], 3600, WORK / "build.log")
    if code != 0:
        wrong = [line for line in output.splitlines() if "error" in line] or output.splitlines()[-3:]
        raise Failed("does not build: " + "; ".join(wrong[:3]))


def failing_test(output: str) -> str:
    """The test of a gtest program that failed, or was running when it ended."""
    if failed := re.search(r"^\[  FAILED  \] ([\w./]+)", output, re.MULTILINE):
        return " " + failed[1]
    started = re.findall(r"^\[ RUN      \] ([\w./]+)", output, re.MULTILINE)
    return " " + started[-1] if started else ""


def try_stage(stage: Stage, jobs: int) -> str:
    """What failed; empty: nothing."""
    build(stage.targets, jobs)
    code, output = run(stage.command, stage.limit_s, WORK / "test.log")
    if code is None:
        return f"the time limit of {stage.limit_s} s: {stage.name}{failing_test(output)} hangs"
    return stage.name + failing_test(output) if code != 0 else ""


def fails_without_mutant(stage: Stage, jobs: int, seen: dict[str, str]) -> str:
    """What fails of a stage on the sources as they are; looked at once."""
    if stage.name not in seen:
        seen[stage.name] = try_stage(stage, jobs)
    return seen[stage.name]


def first_stage_that_fails(mutant: Mutant, jobs: int) -> tuple[Stage, str]:
    before = {SOURCE / name: (SOURCE / name).read_bytes() for name in mutant.files if (SOURCE / name).exists()}
    try:
        # Not as a part of the repository around it: there git would look for the files in its root.
        applied = subprocess.run(["git", "apply", "-p1", str(mutant.path)], cwd=SOURCE, capture_output=True, text=True,
                                 env=dict(os.environ, GIT_CEILING_DIRECTORIES=str(WORK)), check=False)
        if applied.returncode != 0 or all(path.read_bytes() == text for path, text in before.items()):
            raise Failed(f"the patch no longer fits: make it anew for {', '.join(mutant.files)}. {applied.stderr.strip()}")
        for stage in mutant.stages():
            if caught := try_stage(stage, jobs):
                return stage, caught
        raise Failed("NOT CAUGHT")
    finally:
        for path, text in before.items():
            path.write_bytes(text)


def judge(mutant: Mutant, jobs: int, seen: dict[str, str]) -> str:
    """The name of the test that caught it."""
    stage, caught = first_stage_that_fails(mutant, jobs)
    if without := fails_without_mutant(stage, jobs, seen):
        raise Failed(f"{caught} fails, but without the mutant as well: {without}")
    return caught


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--count", type=int, default=10, help="how many mutants; default 10")
    which.add_argument("--all", action="store_true", help="every mutant")
    which.add_argument("--only", action="append", metavar="NAME", help="this mutant; may be given more than once")
    parser.add_argument("--seed", type=int, default=1, help="the next seed takes the mutants that come next; default 1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="of the build; default: processors")
    args = parser.parse_args()
    mutants = [Mutant(path) for path in sorted(pathlib.Path(__file__).parent.glob("*.patch"))]
    if args.only:
        chosen = [mutant for mutant in mutants if mutant.name in args.only]
        if unknown := set(args.only) - {mutant.name for mutant in chosen}:
            parser.error("no such mutant: " + ", ".join(sorted(unknown)))
    else:
        count = len(mutants) if args.all else min(args.count, len(mutants))
        chosen = [mutants[(args.seed * count + i) % len(mutants)] for i in range(count)]

    copy_sources()
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=SOURCE, check=True, stdout=subprocess.DEVNULL)
    failed, seen = 0, {}
    for mutant in chosen:
        start = time.monotonic()
        try:
            verdict = "caught by " + judge(mutant, args.jobs, seen)
        except Failed as why:
            failed += 1
            verdict = str(why)
        print(f"{mutant.name}: {verdict} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
