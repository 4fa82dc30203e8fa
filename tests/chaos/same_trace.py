#!/usr/bin/env python3
"""T-15: a seed of the simulator has one history: run twice, and by every build that is there (-O2, -O0, sanitizers)."""

import argparse
import pathlib
import re
import subprocess
import sys

import trials

LIMIT_S = 900


def history(program: pathlib.Path, seed: int, count: int) -> dict[int, str]:
    """What the program prints of each seed: turns, processes, aborts, epochs, and the hash of its trace."""
    done = subprocess.run([str(program), "--verbose", "--seed", str(seed), "--count", str(count)], capture_output=True,
                          text=True, timeout=LIMIT_S, check=False)
    told = {int(number): rest for number, rest in re.findall(r"^seed (\d+): (\d+ turns.*)$", done.stdout, re.MULTILINE)}
    if done.returncode != 0 or len(told) != count:
        raise trials.Failed(f"{program}: exit code {done.returncode}: {(done.stdout + done.stderr).strip()[-600:]}")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="seeds; default 20")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; default 1")
    args = parser.parse_args()
    first = trials.BIN / "rheon_sim"
    if not first.exists():
        print(f"{first} is not there: ./dev build rheon_sim", file=sys.stderr)
        return 2
    changed = max(path.stat().st_mtime for folder in ("src", "apps") for path in (trials.ROOT / folder).rglob("*.[ch]*"))
    others = [first]
    for preset in ("debug", "asan", "tsan"):
        program = trials.ROOT / "build" / preset / "bin" / "rheon_sim"
        if program.exists() and program.stat().st_mtime < changed:
            print(f"not compared: {program} is older than the sources (./dev build --preset {preset} rheon_sim_program)")
        elif program.exists():
            others.append(program)
    wanted = history(first, args.seed, args.count)
    different = {}
    for program in others:
        for seed, told in history(program, args.seed, args.count).items():
            if told != wanted[seed]:
                different[seed] = f"seed {seed}: {first} has {wanted[seed]}, {program} has {told}"
    for seed, sentence in different.items():
        print(f"{sentence}\n  repeat: ./dev verify T-15 --count 1 --seed {seed}")
    print(f"compared with {first}: {', '.join(str(program) for program in others)}")
    print(f"{args.count - len(different)} passed, {len(different)} failed")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
