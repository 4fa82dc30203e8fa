#!/usr/bin/env python3
"""Checks that only src/env talks to the world: no clock, randomness, file, socket, process or thread elsewhere in src/.

Tests are free. A line that must stand carries the reason: // seam: why.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYSTEM_CALLS = (
    "open|openat|creat|close|read|write|pread|pwrite|readv|writev|fsync|fdatasync|ftruncate|rename|unlink|mkdir|rmdir|"
    "socket|connect|accept|bind|listen|send|recv|poll|select|epoll_wait|fork|execv|execve|kill|time|gettimeofday|"
    "clock_gettime")
FORBIDDEN = [
    (re.compile(r"\b(steady|system|high_resolution)_clock::now\b"), "the clock comes from env"),
    (re.compile(r"\bstd::random_device\b|\bstd::s?rand\s*\("), "randomness comes from env"),
    (re.compile(r"\bstd::(jthread|thread|async)\b"), "threads come from env"),
    (re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w:.>])sleep\s*\("), "nothing sleeps outside env"),
    (re.compile(r"\bstd::(basic_)?[io]?fstream\b|(?<![\w.>])(std::)?fopen\s*\("), "files come from env"),
    (re.compile(rf"(?<![\w>])::({SYSTEM_CALLS})\s*\("), "system calls belong to env"),
]
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def code_lines(text: str):
    """Line numbers with the code on them: comments and the insides of strings left out."""
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match.group().count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(text.splitlines(), 1):
        if "// seam:" not in line:
            yield number, QUOTED.sub('""', line).split("//")[0]


def main() -> int:
    problems = 0
    for path in sorted([*(ROOT / "src").rglob("*.h"), *(ROOT / "src").rglob("*.cc")]):
        parts = path.relative_to(ROOT / "src").parts
        if parts[0] == "env" or "tests" in parts:
            continue
        for number, line in code_lines(path.read_text(encoding="utf-8")):
            for pattern, rule in FORBIDDEN:
                if match := pattern.search(line):
                    print(f"{path.relative_to(ROOT)}:{number}: {match.group().strip()}: {rule}")
                    problems += 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
