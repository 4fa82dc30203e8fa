#!/usr/bin/env python3
"""Checks that every room of src/ includes only what it may.

The order comes from src/CMakeLists.txt, the dependencies from each src/<room>/CMakeLists.txt. The rules:
  order      a room includes only rooms that stand above it
  depends    and only those that its DEPENDS names (tests: also TEST_DEPENDS, and what these stand on)
  path       includes of our own are written from src/: "room/file.h"
  external   boost stays out of src/, CLI11 in run and cli, and JSON out of headers
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CLI_ROOMS = ("run", "cli")


def room_order() -> list[str]:
    text = (SRC / "CMakeLists.txt").read_text()
    return re.search(r"set\(RHEON_ROOM_ORDER\s+([^)]*)\)", text).group(1).split()


def declared(room: str, keyword: str) -> set[str]:
    """The words after DEPENDS or TEST_DEPENDS in a room's CMakeLists.txt."""
    text = re.sub(r"#.*", "", (SRC / room / "CMakeLists.txt").read_text())
    match = re.search(rf"\b{keyword}\s+([^A-Z)]*)", text)
    return set(match.group(1).split()) if match else set()


def test_rooms(room: str, depends: dict[str, set[str]]) -> set[str]:
    allowed = set()
    for extra in declared(room, "TEST_DEPENDS"):
        allowed |= {extra} | depends[extra]
    return allowed


def problem(room: str, path: pathlib.Path, mark: str, target: str, order: list[str], depends, tests) -> str:
    """What is wrong with one include of a file, or an empty text."""
    first = target.split("/")[0]
    in_tests = "tests" in path.relative_to(SRC / room).parts[:-1]
    if mark == "<":
        if first == "boost":
            return "external: boost is for bench/ only"
        if first == "CLI" and room not in CLI_ROOMS and not in_tests:
            return "external: command lines belong to the rooms run and cli"
        if first == "nlohmann" and path.suffix == ".h" and not in_tests:
            return "external: JSON stays inside .cc files"
        return ""
    if first not in order or "/" not in target:
        return f'path: write "{room}/..." from src/, not "{target}"' if not in_tests or "/" in target else ""
    if first == room or (in_tests and first in tests):
        return ""
    if order.index(first) > order.index(room):
        return f"order: {first} stands below {room}"
    if first not in depends[room]:
        return f"depends: src/{room}/CMakeLists.txt does not name {first}"
    return ""


def main() -> int:
    order = room_order()
    problems = []
    depends = {}
    for room in order:
        depends[room] = declared(room, r"(?<!TEST_)DEPENDS")
        for name in sorted(depends[room]):
            if name not in order[: order.index(room)]:
                problems.append(f"src/{room}/CMakeLists.txt:1: order: {name} does not stand above {room}")
    for folder in sorted(SRC.iterdir()):
        if folder.is_dir() and folder.name not in order and any(folder.rglob("*.[ch]*")):
            problems.append(f"src/{folder.name}: no room of this name in src/CMakeLists.txt")
    for room in order:
        tests = test_rooms(room, depends)
        for path in sorted([*(SRC / room).rglob("*.h"), *(SRC / room).rglob("*.cc")]):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if match := INCLUDE.match(line):
                    if text := problem(room, path, match[1], match[2], order, depends, tests):
                        problems.append(f"{path.relative_to(ROOT)}:{number}: {text}")
    for text in problems:
        print(text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
