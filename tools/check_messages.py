#!/usr/bin/env python3
"""A mistake in a job's types ends in a sentence: compiles tests/compile_errors/mistakes.cc, which must fail, and looks for
what stands there behind `// error:`."""

import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MISTAKES = ROOT / "tests" / "compile_errors" / "mistakes.cc"


def main() -> int:
    expected = re.findall(r"// error: (.*)", MISTAKES.read_text(encoding="utf-8"))
    if not expected:
        print(f"{MISTAKES.name} expects nothing")
        return 1
    line = [os.environ.get("CXX", "g++"), "-std=c++20", "-fsyntax-only", "-fmax-errors=0", "-Isrc", "-Iinclude", str(MISTAKES)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
                          env={**os.environ, "LC_ALL": "C"})
    errors = [text for text in done.stderr.splitlines() if " error: " in text]
    missing = [text for text, times in collections.Counter(expected).items()
               if sum(text in error for error in errors) < times]
    for text in missing:
        print(f"no error says, or not often enough: {text}")
    if missing:
        print("\n".join(errors[:10]))
    return 1 if missing or done.returncode == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
