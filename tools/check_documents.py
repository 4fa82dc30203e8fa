#!/usr/bin/env python3
"""Compiles the C++ that the documents show.

tests/documents/NAME.cc is what stands around the blocks of README.md or docs/NAME.md: `#include "NAME-1"` is the first one.
Each block has to be included; nothing is linked or run.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
AROUND = ROOT / "tests" / "documents"
BLOCK = re.compile(r"^```cpp\n(.*?)^```", re.DOTALL | re.MULTILINE)


def compiled(document: pathlib.Path, blocks: list[str], folder: pathlib.Path) -> str:
    """What is wrong with them; empty: nothing."""
    name = document.stem
    around = AROUND / f"{name}.cc"
    if not around.exists():
        return f"{document.relative_to(ROOT)} shows C++: {around.relative_to(ROOT)} has to say what stands around it"
    text = around.read_text(encoding="utf-8")
    for number, block in enumerate(blocks, start=1):
        if f'#include "{name}-{number}"' not in text:
            return f"{around.relative_to(ROOT)} does not include block {number} of {document.relative_to(ROOT)}"
        (folder / f"{name}-{number}").write_text(block, encoding="utf-8")
    done = subprocess.run(
        [os.environ.get("CXX", "g++"), "-std=c++20", "-fsyntax-only", "-Wall", "-Wno-unused", "-Wno-unused-result", "-isystem", ROOT / "src", "-isystem",
         ROOT / "include", "-I", ROOT, "-I", folder, around], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.replace(f"{folder}/", "block ")


def main() -> int:
    documents = {path: BLOCK.findall(path.read_text(encoding="utf-8"))
                 for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]}
    documents = {path: blocks for path, blocks in documents.items() if blocks}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(pool.map(lambda item: compiled(*item, pathlib.Path(folder)), documents.items()))
    problems += [f"{path.relative_to(ROOT)} stands around nothing" for path in AROUND.glob("*.cc")
                 if path.stem not in {document.stem for document in documents}]
    for problem in filter(None, problems):
        print(problem)
    return 1 if any(problems) else 0


if __name__ == "__main__":
    sys.exit(main())
