#!/usr/bin/env python3
"""T-04: the disk is full at a random moment, or has no inode or quota left; when there is space again, the job goes on.

A trial mounts a small file system in memory, counts the words of a corpus with data and output on it, and takes all
the space away while the job runs, some times. The job must go on by itself within 10 s of getting it back, and in the
end every word must have each count 1..n exactly once. Sometimes the job is killed while there is no space. A job that
finds no space for its directories refuses to start: then it has said so, and is started again. So does one that finds its
disk read-only, before its first start or after its last.
"""

import errno
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import trials

L_S = 10.0  # after healing


class SmallDisk:
    """A file system of its own. Needs the right to mount."""

    def __init__(self, directory: pathlib.Path, megabytes: int, inodes: int):
        self.path = directory / "disk"
        self.path.mkdir()
        self.megabytes = megabytes
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,nr_inodes={inodes}", "tmpfs", str(self.path)], check=True)

    def fill(self) -> None:
        with (self.path / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass

    def fill_inodes(self) -> None:
        try:
            (self.path / "names").mkdir()
            for number in range(1 << 20):
                (self.path / "names" / str(number)).touch()
        except OSError:
            pass

    def free(self) -> None:
        (self.path / "filler").unlink(missing_ok=True)
        shutil.rmtree(self.path / "names", ignore_errors=True)

    def make_read_only(self, read_only: bool) -> None:
        subprocess.run(["mount", "-o", f"remount,{'ro' if read_only else 'rw'}", str(self.path)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)


def command(random_: random.Random, directory: pathlib.Path) -> list[str]:
    line = [str(trials.BIN / "wordcount"), "run", "--input", str(directory / "texts" / "*.txt"),
            "--output", str(directory / "disk" / "out"), "--data-dir", str(directory / "disk" / "data"),
            "--shards", str(random_.randint(1, 3)), "--log-level", "error"]
    interval = random_.choice([None, "1ms", "5ms"])
    return line + (["--commit-interval", interval] if interval else [])


def run_undisturbed(directory: pathlib.Path) -> float:
    return trials.run_to_the_end(command(random.Random(2), directory))


def was_refused(output: pathlib.Path, code: int, errors: str) -> bool:
    """Whether a job has found no space to start in."""
    committed = output / ".rheon" / "committed"
    return code == 1 and os.strerror(errno.ENOSPC) in errors and not (committed.exists() and committed.read_text().strip())


def check_refusal_when_read_only(disk: SmallDisk, line: list[str]) -> None:
    disk.make_read_only(True)
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=trials.LIMIT_S, check=False)
    except subprocess.TimeoutExpired as hanging:
        raise trials.Failed("it does not end on a read-only disk") from hanging
    finally:
        disk.make_read_only(False)
    if done.returncode != 1 or f"{os.strerror(errno.EROFS)}: make it writable" not in done.stderr:
        raise trials.Failed(f"on a read-only disk: exit code {done.returncode}: {done.stderr.strip()}")


def run_trial(seed: int, speed: trials.Speed) -> trials.Trial:
    trial = trials.Trial(seed)
    start = time.monotonic()
    directory = trials.new_directory(f"full-{seed}")
    random_ = random.Random(seed)
    disk = SmallDisk(directory, random_.choice([48, 96]), random_.choice([64, 4096]))
    try:
        truth = trials.write_corpus(random_, directory / "texts", sizes=[30_000, 200_000, 400_000])
        longest = speed.start_s + sum(truth.values()) / speed.words_s
        line = command(random_, directory)
        if random_.random() < 0.3:
            check_refusal_when_read_only(disk, line)
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            for _ in range(random_.randint(1, 3)):
                time.sleep(random_.uniform(0, longest / 2))
                if process.poll() is not None:
                    break
                random_.choice([disk.fill, disk.fill, disk.fill_inodes])()
                trial.kills += process.poll() is None  # it has met the full disk, or will
                time.sleep(random_.choice([0.05, 0.3, 1.0]))
                if random_.random() < 0.2 and process.poll() is None:
                    process.kill()
                disk.free()
            _, errors = process.communicate(timeout=longest + L_S)
        except subprocess.TimeoutExpired as hanging:
            raise trials.Failed(f"it has not gone on {L_S} s after there was space again") from hanging
        finally:
            process.kill()
            process.wait()
        trials.check_alarms(errors)
        if process.returncode not in (0, -9) and not was_refused(directory / "disk" / "out", process.returncode, errors):
            raise trials.Failed(f"exit code {process.returncode}: {errors.strip()}")
        if process.returncode != 0:
            trials.run_to_the_end(command(random_, directory))
        trials.check_output(directory / "disk" / "out", truth)
        trials.check_log(directory / "disk" / "data")
        if random_.random() < 0.3:
            check_refusal_when_read_only(disk, line)
    except trials.Failed as failed:
        trial.problem = str(failed)
    finally:
        disk.unmount()
    if not trial.problem:
        shutil.rmtree(directory)
    trial.seconds = time.monotonic() - start
    return trial


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as directory:
        try:
            SmallDisk(pathlib.Path(directory), 1, 16).unmount()
        except (OSError, subprocess.CalledProcessError):
            return False
        return True


if __name__ == "__main__":
    if not can_mount():
        print("mounting a small file system needs root (CAP_SYS_ADMIN), which this machine does not give")
        sys.exit(trials.CANNOT_RUN_HERE)
    sys.exit(trials.main("T-04", __doc__.splitlines()[0], ["wordcount", "rheon"], run_undisturbed, run_trial, "times full"))
