"""The crowd counts every answer, and at a fixed rate the time that a request waited for a connection."""

import asyncio

from bench.crowd import Crowd, Served, crowd_of, read_served, write_crowd

REQUEST = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"


async def asked(answers: list[bytes], crowd: Crowd, *, pause_s: float = 0.0) -> Served:
    """Let the crowd ask a server that gives these answers in turn, each after a pause."""
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                answer = answers[count % len(answers)]
                count += 1
                await asyncio.sleep(pause_s)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        crowd = Crowd("127.0.0.1", port, crowd.requests, crowd.clients, crowd.per_s, crowd.seconds)
        served = await crowd_of(crowd)
        await asyncio.sleep(0.05)  # the server's side sees that its clients have gone
        return served


def plain(status: str, body: bytes = b"ok") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


def test_answers_are_counted_by_status_and_good_ones_are_timed() -> None:
    crowd = Crowd("", 0, [REQUEST], clients=2, per_s=100, seconds=0.3)
    served = asyncio.run(asked([plain("200 OK"), plain("429 Too Many Requests"), CHUNKED], crowd))
    assert served.statuses == {"200": 20, "429": 10}
    assert len(served.latencies) == 20
    assert 0.25 < served.elapsed_s < 5


def test_waiting_for_a_connection_counts_at_a_fixed_rate() -> None:
    crowd = Crowd("", 0, [REQUEST], clients=1, per_s=100, seconds=0.1)
    served = asyncio.run(asked([plain("200 OK")], crowd, pause_s=0.05))
    assert served.statuses == {"200": 10}
    assert served.quantile(1) > 0.3  # the tenth was due after 0.09 s and answered after 0.5 s


def test_a_closed_loop_asks_again_when_it_is_answered() -> None:
    crowd = Crowd("", 0, [REQUEST], clients=2, per_s=0, seconds=0.3)
    served = asyncio.run(asked([plain("200 OK")], crowd, pause_s=0.05))
    assert 4 <= served.statuses["200"] <= 14


def test_what_is_no_answer_is_counted_as_none() -> None:
    crowd = Crowd("", 0, [REQUEST], clients=1, per_s=50, seconds=0.1)
    served = asyncio.run(asked([b"nonsense\r\n\r\n"], crowd))
    assert served.statuses == {"0": 5}
    assert served.latencies == []


def test_a_crowd_and_what_it_was_served_are_json() -> None:
    assert '"clients": 3' in write_crowd(Crowd("h", 1, [REQUEST], 3, 2.0, 1.0))
    assert read_served('{"latencies":[0.5,1.0],"statuses":{"200":2},"elapsed_s":4.0}').per_s == 0.5
