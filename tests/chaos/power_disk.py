"""A file system in memory that forgets what was not synced when its power is cut.

It speaks the kernel's FUSE protocol (linux/fuse.h, version 7.31) at /dev/fuse itself, so that it needs nothing but the
right to mount. A sync of a file makes its bytes and its size durable, not its name; a sync of a directory makes names
in it durable, not what they stand for. A rename within a directory is whole or not at all; one between two directories
is two changes. cut() goes back to what is durable, or to that and some of what was done since, in one of these ways:

- synced: nothing of the rest;
- prefix: of every file and directory what was done first; the write at the border is torn at a random byte;
- any: of files any sectors, in any order; of directories a prefix;
- all: the rest, too.

Take the processes that use it away, then unmount() it, cut() and mount() it again: the kernel's cache goes with the mount.
"""

import dataclasses
import errno
import os
import pathlib
import random
import stat
import struct
import subprocess
import threading
import time

CUTS = ("synced", "prefix", "any", "all")
SECTOR = 512
ROOT = 1
MAX_WRITE = 128 << 10
FOREVER = 1 << 30  # seconds that the kernel may keep what it knows: nobody else changes anything
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
HEADER = struct.Struct("<IIQQIIIHH")
ANSWER = struct.Struct("<IiQ")
READ = struct.Struct("<QQIIQII")  # also of writes
SILENT = {2, 36, 42}  # FORGET, INTERRUPT, BATCH_FORGET: no answer is read


class Refused(Exception):
    def __init__(self, number: int):
        super().__init__(os.strerror(number))
        self.number = number


@dataclasses.dataclass
class Write:
    at: int
    content: bytes


@dataclasses.dataclass
class Resize:
    size: int


def apply(content: bytearray, change: Write | Resize) -> None:
    end = change.size if isinstance(change, Resize) else change.at + len(change.content)
    if end > len(content):
        content.extend(bytes(end - len(content)))
    if isinstance(change, Resize):
        del content[change.size:]
    else:
        content[change.at:end] = change.content


class File:
    """Also a socket: that has a mode and nothing else."""

    def __init__(self, mode: int):
        self.mode = mode
        self.content, self.durable = bytearray(), bytearray()
        self.changes: list[Write | Resize] = []  # since the last sync

    def change(self, change: Write | Resize) -> None:
        apply(self.content, change)
        self.changes.append(change)

    def sync(self) -> None:
        for change in self.changes:
            apply(self.durable, change)
        self.changes.clear()

    def cut(self, random_: random.Random, how: str) -> None:
        kept = list(self.changes) if how in ("all", "any") else []
        if how == "prefix" and self.changes:
            border = random_.randint(0, len(self.changes))
            kept = self.changes[:border]
            if border < len(self.changes) and isinstance(self.changes[border], Write):
                torn = self.changes[border]
                kept.append(Write(torn.at, torn.content[:random_.randint(0, len(torn.content))]))
        if how == "any":
            kept = [piece for change in kept for piece in sectors(change) if random_.random() < 0.5]
        self.changes = kept
        self.sync()
        self.content = bytearray(self.durable)


def sectors(change: Write | Resize) -> list[Write | Resize]:
    if isinstance(change, Resize):
        return [change]
    borders = [0, *range(SECTOR - change.at % SECTOR, len(change.content), SECTOR), len(change.content)]
    return [Write(change.at + begin, change.content[begin:end]) for begin, end in zip(borders, borders[1:])]


class Directory:
    def __init__(self, mode: int):
        self.mode = mode
        self.names: dict[str, int] = {}
        self.durable: dict[str, int] = {}
        self.changes: list[dict[str, int | None]] = []  # since the last sync; each is whole or not at all

    def change(self, change: dict[str, int | None]) -> None:
        self.keep(self.names, change)
        self.changes.append(change)

    @staticmethod
    def keep(names: dict[str, int], change: dict[str, int | None]) -> None:
        for name, number in change.items():
            if number is None:
                names.pop(name, None)
            else:
                names[name] = number

    def sync(self) -> None:
        for change in self.changes:
            self.keep(self.durable, change)
        self.changes.clear()

    def cut(self, random_: random.Random, how: str) -> None:
        if how != "all":
            del self.changes[0 if how == "synced" else random_.randint(0, len(self.changes)):]
        self.sync()
        self.names = dict(self.durable)


class PowerDisk:
    """Mounted at `path` between mount() and unmount(), served by a thread of its own."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        path.mkdir(exist_ok=True)
        self.nodes: dict[int, File | Directory] = {ROOT: Directory(stat.S_IFDIR | 0o755)}
        self.next_number = ROOT + 1
        self.thread: threading.Thread | None = None
        self.calls = {1: self.lookup, 3: self.getattr, 4: self.setattr, 8: self.mknod, 9: self.mkdir, 10: self.unlink,
                      11: self.rmdir, 12: self.rename, 14: self.open, 15: self.read, 16: self.write, 17: self.statfs,
                      18: self.nothing, 20: self.fsync, 25: self.nothing, 26: self.init, 27: self.open,
                      28: self.readdir, 29: self.nothing, 30: self.fsync, 35: self.create, 43: self.fallocate,
                      45: self.rename2}

    def mount(self) -> None:
        """OSError with a sentence where this machine refuses it."""
        fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={fuse},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
        done = subprocess.run(["mount", "-i", "-t", "fuse", "-o", options, "power_disk", str(self.path)],
                              pass_fds=[fuse], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            os.close(fuse)
            raise OSError(done.stderr.strip().partition("\n")[0])
        self.thread = threading.Thread(target=self.serve, args=[fuse], daemon=True)
        self.thread.start()

    def unmount(self) -> None:
        for _ in range(100):
            if subprocess.run(["umount", str(self.path)], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.05)  # a process that was killed may hold a file for another moment
        else:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)
        self.thread.join()

    def cut(self, random_: random.Random, how: str) -> None:
        """While it is not mounted."""
        for node in self.nodes.values():
            node.cut(random_, how)
        reached, ahead = set(), [ROOT]
        while ahead:
            number = ahead.pop()
            reached.add(number)
            if isinstance(self.nodes[number], Directory):
                ahead += self.nodes[number].names.values()
        self.nodes = {number: node for number, node in self.nodes.items() if number in reached}

    def serve(self, fuse: int) -> None:
        buffer = bytearray(MAX_WRITE + 4096)
        while True:
            try:
                size = os.readv(fuse, [buffer])
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                break  # ENODEV: unmounted
            _, call, unique, number, *_ = HEADER.unpack_from(buffer)
            answer, problem = b"", 0
            try:
                if call not in self.calls:
                    raise Refused(errno.ENOSYS)
                answer = self.calls[call](number, bytes(memoryview(buffer)[HEADER.size:size]))
            except Refused as refused:
                problem = refused.number
            if call not in SILENT:
                try:
                    os.write(fuse, ANSWER.pack(ANSWER.size + len(answer), -problem, unique) + answer)
                except FileNotFoundError:
                    pass  # whoever asked is gone
        os.close(fuse)

    def add(self, parent: int, name: str, node: File | Directory) -> int:
        number, self.next_number = self.next_number, self.next_number + 1
        self.nodes[number] = node
        self.nodes[parent].change({name: number})
        return number

    def child(self, parent: int, name: str) -> int:
        if name not in self.nodes[parent].names:
            raise Refused(errno.ENOENT)
        return self.nodes[parent].names[name]

    def attributes(self, number: int) -> bytes:
        node = self.nodes[number]
        size = len(node.content) if isinstance(node, File) else 4096
        return struct.pack("<6Q10I", number, size, (size + SECTOR - 1) // SECTOR, 0, 0, 0, 0, 0, 0, node.mode, 1,
                           os.getuid(), os.getgid(), 0, 4096, 0)

    def entry(self, number: int) -> bytes:
        return struct.pack("<4Q2I", number, 0, FOREVER, FOREVER, 0, 0) + self.attributes(number)

    def nothing(self, _number: int, _body: bytes) -> bytes:
        return b""

    def init(self, _number: int, body: bytes) -> bytes:
        _, _, readahead = struct.unpack_from("<3I", body)
        return struct.pack("<4I2H2I2H8I", 7, 31, readahead, BIG_WRITES | MAX_PAGES, 16, 12, MAX_WRITE, 1,
                           MAX_WRITE // 4096, 0, *[0] * 8)

    def lookup(self, number: int, body: bytes) -> bytes:
        return self.entry(self.child(number, name_of(body)))

    def getattr(self, number: int, _body: bytes) -> bytes:
        return struct.pack("<QII", FOREVER, 0, 0) + self.attributes(number)

    def setattr(self, number: int, body: bytes) -> bytes:
        valid, _, _, size = struct.unpack_from("<IIQQ", body)
        node = self.nodes[number]
        if valid & 8:
            node.change(Resize(size))
        if valid & 1:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(struct.unpack_from("<I", body, 68)[0])
        return self.getattr(number, b"")

    def mknod(self, number: int, body: bytes) -> bytes:
        mode, = struct.unpack_from("<I", body)
        return self.entry(self.add(number, name_of(body[16:]), File(mode)))

    def mkdir(self, number: int, body: bytes) -> bytes:
        mode, = struct.unpack_from("<I", body)
        return self.entry(self.add(number, name_of(body[8:]), Directory(stat.S_IFDIR | mode)))

    def create(self, number: int, body: bytes) -> bytes:
        _, mode = struct.unpack_from("<2I", body)
        created = self.add(number, name_of(body[16:]), File(stat.S_IFREG | stat.S_IMODE(mode)))
        return self.entry(created) + self.open(created, b"")

    def unlink(self, number: int, body: bytes) -> bytes:
        self.child(number, name_of(body))
        self.nodes[number].change({name_of(body): None})
        return b""

    def rmdir(self, number: int, body: bytes) -> bytes:
        if self.nodes[self.child(number, name_of(body))].names:
            raise Refused(errno.ENOTEMPTY)
        return self.unlink(number, body)

    def rename(self, number: int, body: bytes) -> bytes:
        return self.move(number, struct.unpack_from("<Q", body)[0], body[8:])

    def rename2(self, number: int, body: bytes) -> bytes:
        to, flags = struct.unpack_from("<QI", body)
        if flags != 0:
            raise Refused(errno.EINVAL)
        return self.move(number, to, body[16:])

    def move(self, number: int, to: int, names: bytes) -> bytes:
        old, new = (name.decode() for name in names.split(b"\0")[:2])
        moved = self.child(number, old)
        if number == to:
            self.nodes[number].change({old: None, new: moved})
        else:
            self.nodes[to].change({new: moved})
            self.nodes[number].change({old: None})
        return b""

    def open(self, _number: int, _body: bytes) -> bytes:
        return struct.pack("<QII", 0, 0, 0)

    def read(self, number: int, body: bytes) -> bytes:
        _, at, size, *_ = READ.unpack_from(body)
        return bytes(self.nodes[number].content[at:at + size])

    def write(self, number: int, body: bytes) -> bytes:
        _, at, size, *_ = READ.unpack_from(body)
        self.nodes[number].change(Write(at, body[READ.size:READ.size + size]))
        return struct.pack("<II", size, 0)

    def fallocate(self, number: int, body: bytes) -> bytes:
        _, at, length, mode = struct.unpack_from("<3QI", body)
        if mode != 0:
            raise Refused(errno.EOPNOTSUPP)
        if at + length > len(self.nodes[number].content):
            self.nodes[number].change(Resize(at + length))
        return b""

    def fsync(self, number: int, _body: bytes) -> bytes:
        self.nodes[number].sync()
        return b""

    def statfs(self, _number: int, _body: bytes) -> bytes:
        blocks = (1 << 30) // 4096
        return struct.pack("<5Q10I", blocks, blocks, blocks, 1 << 20, 1 << 20, 4096, 255, 4096, *[0] * 7)

    def readdir(self, number: int, body: bytes) -> bytes:
        _, at, size, *_ = READ.unpack_from(body)
        answer = b""
        for index, (name, child) in enumerate(list(self.nodes[number].names.items())[at:], at + 1):
            raw = name.encode()
            one = struct.pack("<2Q2I", child, index, len(raw), stat.S_IFMT(self.nodes[child].mode) >> 12) + raw
            one += bytes(-len(one) % 8)
            if len(answer) + len(one) > size:
                break
            answer += one
        return answer


def name_of(body: bytes) -> str:
    return body.split(b"\0", 1)[0].decode()


def unmount_what_was_left(path: pathlib.Path) -> None:
    """By a process that was killed."""
    subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=False)
