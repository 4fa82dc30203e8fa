#!/usr/bin/env python3
"""T-kafka-refusals: a job at the doors of a real Kafka: with TLS, with SASL, and where it must not come in; each refusal is
a sentence that says why, with the exit code of docs/running.md, and leaves the topic as it was.

Each trial has a topic of its own. Takes the broker that runs, or starts one.
"""

import argparse
import dataclasses
import http.server
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import trials
from kafka_kill import BROKER, NEEDED, kafka, read_topic

HOST, PORT = "127.0.0.1", 19092
TLS, SASL = PORT + 200, PORT + 300
AUTHORITY = trials.ROOT / "build" / "kafka" / "cluster" / "tls" / "authority.pem"
LINES = b"".join(b"%d\n" % i for i in range(1000))
DONE, USAGE, REFUSED, ELSE = 0, 2, 3, 1


@dataclasses.dataclass(frozen=True)
class Door:
    what: str
    port: int
    options: tuple[str, ...]
    code: int = DONE
    says: str = ""
    topic: str = ""  # in place of the trial's own
    host: str = HOST


def doors(web_port: int) -> list[Door]:
    tls = ("--tls", "--authorities", str(AUTHORITY))
    ada = ("--user", "ada", "--password", "lovelace", "--mechanism")
    return [
        Door("no encryption", PORT, ()),
        Door("TLS", TLS, tls),
        Door("TLS, by name", TLS, tls, host="localhost"),
        Door("TLS and PLAIN", SASL, (*tls, *ada, "PLAIN")),
        Door("TLS and SCRAM-SHA-256", SASL, (*tls, *ada, "SCRAM-SHA-256")),
        Door("TLS and SCRAM-SHA-512", SASL, (*tls, *ada, "SCRAM-SHA-512")),
        Door("the authorities of the system", TLS, ("--tls",), REFUSED, "is not trusted"),
        Door("a file that is none", TLS, ("--tls", "--authorities", "/no/such.pem"), USAGE, "'/no/such.pem'"),
        Door("TLS where none is", PORT, tls, ELSE, "is TLS what is spoken at this port?"),
        Door("no TLS where it is", TLS, (), REFUSED, "speaks TLS"),
        Door("no user where one is asked for", SASL, tls, ELSE, "security.credentials"),
        Door("a wrong password", SASL, (*tls, "--user", "ada", "--password", "byron"), REFUSED, "does not let us in"),
        Door("something else", web_port, (), ELSE, "has not answered within"),
        Door("something else, TLS", web_port, tls, ELSE, "does not answer with TLS"),
        Door("nobody", PORT + 999, (), ELSE, "Connection refused"),
        Door("no such host", PORT, ("--allow-plaintext",), USAGE, "no host", host="kafka.invalid"),
        Door("another machine, without TLS", PORT, (), USAGE, "allow_plaintext", host="192.0.2.1"),
        Door("no such topic", PORT, (), USAGE, "does not exist", topic="no-such-topic"),
        Door("no topic at all", PORT, (), USAGE, "cannot be the name of a topic", topic="a/b"),
    ]


class Web(http.server.BaseHTTPRequestHandler):
    """Something that is no broker."""

    def log_message(self, format: str, *args) -> None:
        pass


def enter(door: Door, topic: str, directory: pathlib.Path) -> str:
    """What is wrong with how it goes; "": nothing."""
    url = f"kafka://{door.host}:{door.port}"
    begin = time.monotonic()
    done = subprocess.run([str(trials.BIN / "copier"), "run", "--input", f"{url}/{door.topic or topic}", "--stop-at-end",
                           "--output", f"{url}/{topic}-copies", "--data-dir", str(directory / "data"), "--log-level", "error",
                           *door.options], capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout + done.stderr
    if done.returncode != door.code or door.says not in said:
        return (f"{door.what}: exit code {done.returncode} after {time.monotonic() - begin:.1f} s, expected {door.code}"
                f" and '{door.says}'; it said: {said.strip()[-600:]}")
    read_topic(f"{topic}-copies", directory / "out")
    copies = (directory / "out" / "topic.csv").read_bytes().replace(b",", b"")
    expected = LINES if door.code == DONE else b""
    return "" if sorted(copies.split()) == sorted(expected.split()) else f"{door.what}: the copies are wrong"


def knock(door: Door) -> str:
    topic = f"door-{time.monotonic_ns()}"
    directory = trials.new_directory(topic)
    for name in (topic, f"{topic}-copies"):
        kafka("topic", name, "--partitions", "2")
    kafka("topic", "copier.commit", "--delete")  # of the door before, with another data directory
    subprocess.run(["kcat", "-P", "-b", BROKER, "-t", topic, "-X", "partitioner=random"], input=LINES, check=True)
    problem = enter(door, topic, directory)
    if not problem:
        shutil.rmtree(directory)
    return problem


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="of the doors")
    parser.add_argument("--seed", type=int, default=1, help="the first of them, from 1")
    arguments = parser.parse_args()
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing or not (trials.BIN / "copier").exists():
        print(f"not there: {', '.join(missing) or 'copier: ./dev build'}. ./dev kafka up installs what it needs.")
        return trials.CANNOT_RUN_HERE
    ran_before = kafka("status") == 0
    try:
        kafka("up")
    except trials.Failed as failed:
        print(failed)
        return trials.CANNOT_RUN_HERE if "could not fetch" in str(failed) else 1
    web = http.server.ThreadingHTTPServer((HOST, 0), Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        all_doors = doors(web.server_address[1])
        chosen = all_doors[arguments.seed - 1:][:arguments.count]
        problems = [problem for door in chosen if (problem := knock(door))]
    finally:
        if not ran_before:
            kafka("down")
    for problem in problems:
        print(problem)
    print(f"{len(chosen) - len(problems)} passed, {len(problems)} failed")
    return 1 if problems or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
