"""The table of campaigns in docs/reliability.md: one line for each row of the fault table, as it was last recorded.

`./dev verify ID --count N --seed S --record` writes it; the text around the table is written by people.
"""

import datetime
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
BEGIN = "<!-- campaigns: written by ./dev verify --record -->"
END = "<!-- end of campaigns -->"
HEADER = ["| row | fault | how many | failures | seeds | date | commit | repeat |", "|---|---|---|---|---|---|---|---|"]


def commit() -> str:
    """With a '+' when something that is under version control has changed since."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{PAGE.relative_to(ROOT)}")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def record(row: str, what: str, count: str, failures: int | None, seeds: str, repeat: str) -> None:
    """Puts the line of `row` into the table. `failures`: none when the row was cut off and nobody knows."""
    before, rest = PAGE.read_text().split(BEGIN + "\n", 1)
    table, after = rest.split(END, 1)
    lines = {line.split("|")[1].strip(): line for line in table.splitlines()[len(HEADER):] if line}
    cells = [row, what, count, "not known" if failures is None else str(failures), seeds,
             datetime.date.today().isoformat(), commit(), f"`{repeat}`"]
    lines[row] = "| " + " | ".join(cells) + " |"
    PAGE.write_text("\n".join([before + BEGIN, *HEADER, *(lines[name] for name in sorted(lines)), END]) + after)
