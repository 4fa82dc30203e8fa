#!/usr/bin/env python3
"""./dev kafka: a real Kafka on this machine, from its Maven artifacts; for tests, benchmarks and people.

One cluster at a time, KRaft, on loopback, with everything it has below build/kafka/: the jars of each version, and in
cluster/ the brokers' configurations, logs and data. Each broker is also a controller. `down` keeps the data, and the
next `up` goes on with them; `down --wipe` removes them.

Besides its port each broker listens with TLS at port + 200, and with TLS and SASL at port + 300: user "ada", password
"lovelace", PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. build/kafka/cluster/tls/authority.pem vouches for them. Who comes to port + 400 is
told that the broker is at port + 500: a proxy can stand there.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "kafka"
CLUSTER = WORK / os.environ.get("RHEON_KAFKA_CLUSTER", "cluster")  # tests may have one of their own
STATE = CLUSTER / "cluster.json"  # what runs, or ran last
VERSIONS = ("3.9.1", "4.3.0")  # what Rheon is tested with
DEFAULTS = {"version": VERSIONS[-1], "brokers": 1, "port": 19092}
TLS = CLUSTER / "tls"
USER, PASSWORD = "ada", "lovelace"
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
UP_WITHIN_S = 60
DOWN_WITHIN_S = 10  # without a majority a broker waits for the others; its data bear a kill


def die(sentence: str, code: int = 1) -> None:
    print(f"./dev kafka: {sentence}", file=sys.stderr)
    sys.exit(code)


def jars(version: str) -> pathlib.Path:
    """Where the jars of this version are; fetched when they are not there."""
    directory = WORK / "jars" / version
    if not directory.exists():
        print(f"-- fetching Kafka {version}", flush=True)
        fresh = directory.with_name(version + ".part")
        shutil.rmtree(fresh, ignore_errors=True)
        fetch = ["mvn", "-q", "-B", "-Dstyle.color=never", "-f", str(ROOT / "tools" / "kafka" / "pom.xml"), f"-Dkafka.version={version}",
                 "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
        if subprocess.run(fetch, check=False).returncode != 0:
            die(f"Maven could not fetch Kafka {version}: see what it says above, and try again")
        fresh.rename(directory)
    return directory


def java(version: str, main: str, *arguments: str, heap: str = "256m", log: str = "warn") -> list[str]:
    return ["java", f"-Xmx{heap}", "-XX:+ExitOnOutOfMemoryError", f"-Dorg.slf4j.simpleLogger.defaultLogLevel={log}",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
            "-cp", f"{jars(version)}/*", main, *arguments]


def make_certificates() -> None:
    """An authority, and a broker on this machine for whom it vouches."""
    if (TLS / "broker.pem").exists():
        return
    TLS.mkdir(parents=True, exist_ok=True)
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
    for arguments in (["-subj", "/CN=authority", "-keyout", "authority.key", "-out", "authority.pem"],
                      ["-subj", "/CN=broker", "-CA", "authority.pem", "-CAkey", "authority.key", "-addext",
                       "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "broker.key", "-out", "broker.crt"]):
        done = subprocess.run([*new, *arguments], cwd=TLS, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            die(f"openssl could not make a certificate:\n{done.stderr}")
    (TLS / "broker.pem").write_text((TLS / "broker.key").read_text() + (TLS / "broker.crt").read_text())


class Broker:
    def __init__(self, number: int, brokers: int, port: int) -> None:
        self.number, self.brokers, self.first_port = number, brokers, port
        self.port = port + number - 1
        self.directory = CLUSTER / f"broker-{number}"
        self.log = self.directory / "broker.log"
        self.pid_file = self.directory / "pid"
        self.process: subprocess.Popen | None = None  # when this command has started it

    def controller_port(self, number: int) -> int:
        return self.first_port + 100 + number - 1

    def ports(self) -> list[int]:
        return [self.port, self.tls_port(), self.sasl_port(), self.proxied_port(), self.controller_port(self.number)]

    def tls_port(self) -> int:
        return self.port + 200

    def sasl_port(self) -> int:
        return self.port + 300

    def proxied_port(self) -> int:
        return self.port + 400

    def security(self) -> dict:
        """Settings of the listeners that encrypt."""
        module = "org.apache.kafka.common.security"
        settings = {
            "listener.name.sasl.sasl.enabled.mechanisms": ",".join(("PLAIN", *SCRAM)),
            "listener.name.sasl.plain.sasl.jaas.config":
                f'{module}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
        }
        for mechanism in SCRAM:
            settings[f"listener.name.sasl.{mechanism.lower()}.sasl.jaas.config"] = f"{module}.scram.ScramLoginModule required;"
        for listener in ("tls", "sasl"):
            settings[f"listener.name.{listener}.ssl.keystore.type"] = "PEM"
            settings[f"listener.name.{listener}.ssl.keystore.location"] = TLS / "broker.pem"
        return settings

    def configure(self) -> pathlib.Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        voters = ",".join(f"{n}@127.0.0.1:{self.controller_port(n)}" for n in range(1, self.brokers + 1))
        listeners = ",".join([f"PLAINTEXT://127.0.0.1:{self.port}", f"TLS://127.0.0.1:{self.tls_port()}",
                              f"SASL://127.0.0.1:{self.sasl_port()}", ""])
        proxied = f"PROXIED://127.0.0.1:{self.proxied_port()}"
        copies = min(self.brokers, 3)
        settings = {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"{listeners}{proxied},CONTROLLER://127.0.0.1:{self.controller_port(self.number)}",
            "advertised.listeners": f"{listeners}PROXIED://127.0.0.1:{self.proxied_port() + 100}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,TLS:SSL,SASL:SASL_SSL",
            **self.security(),
            "log.dirs": self.directory / "data",
            "default.replication.factor": copies,
            "min.insync.replicas": max(1, copies - 1),
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
        }
        path = self.directory / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return path

    def format(self, version: str, cluster_id: str) -> None:
        if (self.directory / "data" / "meta.properties").exists():
            return
        users = [word for mechanism in SCRAM for word in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")]
        command = java(version, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self.configure()), *users)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            die(f"broker {self.number} could not format its directory:\n{done.stdout}{done.stderr}")

    def start(self, version: str) -> None:
        heap = "1g" if self.brokers == 1 else "512m"
        command = java(version, "kafka.Kafka", str(self.configure()), heap=heap, log="info")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.directory, start_new_session=True)
        self.pid_file.write_text(f"{self.process.pid}\n")

    def pid(self) -> int | None:
        """None when it does not run. A number that is another process by now does not count."""
        try:
            pid = int(self.pid_file.read_text())
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except (OSError, ValueError):
            return None
        return pid if str(self.directory / "server.properties") in command else None

    def ended(self) -> bool:
        """While it starts, the name of a process can be empty for a moment: what was started here is asked itself."""
        return self.process.poll() is not None if self.process is not None else self.pid() is None

    def answers(self) -> bool:
        """It says which requests it speaks: ApiVersions version 0, correlation id 7, no client id."""
        request = bytes.fromhex("0012" "0000" "00000007" "ffff")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.settimeout(2)
                connection.sendall(len(request).to_bytes(4, "big") + request)
                answer = connection.recv(10)
        except OSError:
            return False
        return answer[4:10] == bytes.fromhex("00000007" "0000")

    def stop(self, hard: bool) -> None:
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL if hard else signal.SIGTERM)

    def last_lines(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return ""


def known() -> tuple[dict, list[Broker]]:
    """What `up` has written, and its brokers."""
    try:
        state = json.loads(STATE.read_text())
    except FileNotFoundError:
        return {}, []
    return state, [Broker(n, state["brokers"], state["port"]) for n in range(1, state["brokers"] + 1)]


def addresses(brokers: list[Broker]) -> str:
    return ",".join(f"127.0.0.1:{broker.port}" for broker in brokers)


def wait_until(done, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while not done():
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)
    return True


def up(wanted: dict) -> None:
    """`wanted`: version, brokers, port; None: as it is, or else the default."""
    state, brokers = known()
    if any(state and value is not None and value != state[name] for name, value in wanted.items()):
        doing = "runs at" if any(broker.pid() for broker in brokers) else "has its data for"
        die(f"Kafka {state['version']} with {state['brokers']} broker(s) {doing} {addresses(brokers)}: "
            "./dev kafka down --wipe stops it and removes its data", 3)
    if not state:
        state = {name: value if value is not None else DEFAULTS[name] for name, value in wanted.items()}
        # Its first letter is no dash, which would make it an option of the tool that formats.
        state["cluster_id"] = base64.urlsafe_b64encode(b"\0" + os.urandom(15)).decode().rstrip("=")
        jars(state["version"])
        refuse_ports_in_use([Broker(n, state["brokers"], state["port"]) for n in range(1, state["brokers"] + 1)])
        CLUSTER.mkdir(parents=True, exist_ok=True)
        STATE.write_text(json.dumps(state) + "\n")
    version = state["version"]
    make_certificates()
    _, brokers = known()
    down_now = [broker for broker in brokers if broker.pid() is None]
    refuse_ports_in_use(down_now)
    for broker in down_now:
        broker.format(version, state["cluster_id"])
        broker.start(version)
    for broker in brokers:
        if not wait_until(lambda b=broker: b.answers() or b.ended(), UP_WITHIN_S) or broker.ended():
            die(f"broker {broker.number} did not come up; the end of {broker.log}:\n{broker.last_lines()}")
    print(f"Kafka {version} is up: {addresses(brokers)}")


def refuse_ports_in_use(brokers: list[Broker]) -> None:
    for port in [port for b in brokers for port in b.ports()]:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                die(f"port {port} is used by something else: end it, or choose others with --port", 3)


def down(wipe: bool) -> None:
    _, brokers = known()
    running = [broker for broker in brokers if broker.pid() is not None]
    for broker in running:
        broker.stop(hard=False)
    if not wait_until(lambda: not any(broker.pid() for broker in running), DOWN_WITHIN_S):
        for broker in running:
            broker.stop(hard=True)
    if wipe:
        shutil.rmtree(CLUSTER, ignore_errors=True)
    print("Kafka is down" + (", its data are gone" if wipe else ""))


def status() -> int:
    """0: up; 1: not, or not all of it."""
    state, brokers = known()
    if not brokers:
        print("no Kafka has been started here: ./dev kafka up")
        return 1
    print(f"Kafka {state['version']}, {state['brokers']} broker(s)")
    for broker in brokers:
        pid = broker.pid()
        says = "down" if pid is None else f"up, process {pid}" if broker.answers() else f"does not answer, process {pid}"
        print(f"  127.0.0.1:{broker.port}  {says}; log: {broker.log.relative_to(ROOT)}")
    return 0 if all(broker.pid() is not None and broker.answers() for broker in brokers) else 1


def topic(name: str, partitions: int, change: str) -> int:
    """Creates it, copied to as many brokers as there are, gives it more partitions, or deletes it, when it is there."""
    state, brokers = known()
    if not any(broker.answers() for broker in brokers):
        die("no broker answers: ./dev kafka up", 3)
    command = java(state["version"], "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", addresses(brokers),
                   f"--{change}", *(["--if-exists"] if change == "delete" else ["--partitions", str(partitions)]),
                   "--topic", name)
    return subprocess.run(command, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev kafka", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start it, or do nothing when it runs")
    start.add_argument("--version", help=f"tested: {', '.join(VERSIONS)}; default {DEFAULTS['version']}")
    start.add_argument("--brokers", type=int, choices=(1, 3), help="default 1")
    start.add_argument("--port", type=int, help=f"of the first broker; the others' follow; default {DEFAULTS['port']}")
    stop = commands.add_parser("down", help="stop it; its data stay")
    stop.add_argument("--wipe", action="store_true", help="remove its data as well")
    create = commands.add_parser("topic", help="create a topic, let it grow, or delete it")
    create.add_argument("name")
    create.add_argument("--partitions", type=int, default=1)
    change = create.add_mutually_exclusive_group()
    change.add_argument("--grow", dest="change", action="store_const", const="alter", help="to so many partitions")
    change.add_argument("--delete", dest="change", action="store_const", const="delete")
    commands.add_parser("status", help="what runs; exit code 0 when all of it answers")
    arguments = parser.parse_args()
    if arguments.command == "up":
        if arguments.version is not None and not re.fullmatch(r"\d+\.\d+\.\d+", arguments.version):
            die(f"'{arguments.version}' is no version such as {VERSIONS[-1]}", 2)
        up({name: getattr(arguments, name) for name in DEFAULTS})
    elif arguments.command == "down":
        down(arguments.wipe)
    elif arguments.command == "topic":
        return topic(arguments.name, arguments.partitions, arguments.change or "create")
    else:
        return status()
    return 0


if __name__ == "__main__":
    sys.exit(main())
