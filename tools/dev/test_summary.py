#!/usr/bin/env python3
"""Adds up what one run of ./dev test left behind, and closes with the line 'N passed, N failed'.

Counted are the test cases of each test program (their XML reports), programs that ended without a report or with an
error that no case explains (one failure each), and the rows of verify.json.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    passed = failed = 0
    failures = []
    broken = set()
    for report in sorted(folder.glob("*.xml")):
        suites = ElementTree.parse(report).getroot()
        for case in suites.iter("testcase"):
            if case.get("status") == "notrun" or case.get("result") in ("skipped", "suppressed"):
                continue
            if case.find("failure") is None:
                passed += 1
            else:
                failed += 1
                broken.add(report.stem)
                failures.append(f"{report.stem}: {case.get('classname')}.{case.get('name')}")
    junit = folder / "ctest.junit"
    if junit.exists():
        for program in ElementTree.parse(junit).getroot().iter("testcase"):
            name = program.get("name")
            if program.get("status") != "run" and name not in broken:
                failed += 1
                failures.append(f"{name}: ended without telling which test failed ({program.get('status')})")
    rows = folder / "verify.json"
    if rows.exists():
        report = json.loads(rows.read_text())
        passed += report["passed"]
        failed += report["failed"]
        failures += report["failures"]
    if failures:
        print("Failed:")
        for failure in failures:
            print(f"  {failure}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
