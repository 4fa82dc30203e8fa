"""A proxy in front of a broker that understands where requests begin and end, and does with some of them what networks do."""

import asyncio
import collections
import random
import threading

PRODUCE, ADD_PARTITIONS, INIT_PRODUCER_ID, END_TXN = 0, 24, 22, 26
DISTURBED = {PRODUCE: 0.02, ADD_PARTITIONS: 0.02, INIT_PRODUCER_ID: 0.1, END_TXN: 0.06}  # of so many requests
HELD_S = 1.0  # at most
LATE_S = 3.0
FAULTS = ("held", "lost", "answer lost", "late", "twice")


class Proxy:
    """Listens at `port` and speaks to `broker_port`, both on this machine, on a thread of its own."""

    def __init__(self, port: int, broker_port: int, seed: int) -> None:
        self.port, self.broker_port = port, broker_port
        self.random = random.Random(seed)
        self.quiet = False  # nothing is disturbed any more
        self.ends = 0  # of transactions that were asked for
        self.faults: collections.Counter = collections.Counter()
        self.round: list[str] = []
        self.late: set = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.ready = threading.Event()

    def __enter__(self) -> "Proxy":
        self.thread.start()
        if not self.ready.wait(10):
            raise OSError(f"the proxy cannot listen at port {self.port}")
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def run(self) -> None:
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", self.port))
        self.ready.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.1))
        self.loop.close()

    def fault(self, key: int) -> str:
        if self.quiet or self.random.random() >= DISTURBED.get(key, 0):
            return ""
        if not self.round:  # each kind once in a round, in any order
            self.round = self.random.sample(FAULTS, len(FAULTS))
        chosen = self.round.pop()
        self.faults[chosen] += 1
        return chosen

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        broker, to_broker = await asyncio.open_connection("127.0.0.1", self.broker_port)
        answers_to_come: collections.deque = collections.deque()  # for each answer that is to come: whether it is
        # passed on, dropped, or the last one of its connection, which nobody hears
        answers = self.loop.create_task(self.carry_answers(broker, to_client, answers_to_come))
        try:
            while True:
                request = await read_frame(client)
                if not await self.carry(request, to_broker, answers_to_come):
                    if answers_to_come and answers_to_come[-1] == "last":
                        await asyncio.wait([answers], timeout=HELD_S)
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            answers.cancel()
            to_client.close()
            to_broker.close()

    async def carry(self, request: bytes, to_broker: asyncio.StreamWriter, answers_to_come: collections.deque) -> bool:
        """False: the connection ends here."""
        key = int.from_bytes(request[4:6], "big")
        self.ends += key == END_TXN
        fault = self.fault(key)
        if fault == "lost":
            return False
        if fault == "late":  # behind whatever its sender does meanwhile
            task = self.loop.create_task(self.deliver_late(request, self.random.uniform(0, LATE_S)))
            self.late.add(task)
            task.add_done_callback(self.late.discard)
            return False
        if fault == "held":
            await asyncio.sleep(self.random.uniform(0, HELD_S))
        for answer in (["passed", "dropped"] if fault == "twice" else ["last" if fault == "answer lost" else "passed"]):
            answers_to_come.append(answer)
            to_broker.write(request)
        await to_broker.drain()
        return fault != "answer lost"

    async def carry_answers(self, broker: asyncio.StreamReader, to_client: asyncio.StreamWriter,
                            answers_to_come: collections.deque) -> None:
        try:
            while True:
                answer = await read_frame(broker)
                what = answers_to_come.popleft()
                if what == "passed":
                    to_client.write(answer)
                    await to_client.drain()
                elif what == "last":
                    return
        except (OSError, asyncio.IncompleteReadError):
            to_client.close()

    async def deliver_late(self, request: bytes, after_s: float) -> None:
        await asyncio.sleep(after_s)
        try:
            broker, to_broker = await asyncio.open_connection("127.0.0.1", self.broker_port)
            to_broker.write(request)
            await asyncio.wait_for(read_frame(broker), 10)
            to_broker.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass


async def read_frame(stream: asyncio.StreamReader) -> bytes:
    """With its length in front."""
    length = await stream.readexactly(4)
    return length + await stream.readexactly(int.from_bytes(length, "big"))
