"""The measuring client reads HTTP as servers send it, and accepts no answer but the one it expects."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.client import Connection, Step, Task, fingerprint, measure, read_task, request_of, write_task

REQUEST = request_of("/x", {"Accept": "*/*"}, "h")


@contextmanager
def server(*pieces: bytes, nagle: bool = False) -> Iterator[int]:
    """Answer every request of every connection with these pieces, each sent by itself."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0 if nagle else 1)
            with connection:
                while connection.recv(65536):
                    for piece in pieces:
                        connection.sendall(piece)
                    if b"close" in pieces[0]:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(timeout=10)


def bodies(port: int) -> list[bytes]:
    """The bodies of three answers to one connection."""
    with Connection("127.0.0.1", port) as connection:
        return [connection.get(REQUEST).body for _ in range(3)]


def test_body_with_a_length_may_come_in_pieces() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r\nab", b"cde") as port:
        assert bodies(port) == [b"abcde"] * 3


def test_chunks_are_joined() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    with server(answer[:60], answer[60:]) as port:
        assert bodies(port) == [b"abcde"] * 3


def test_closed_connection_is_opened_again_where_the_server_said_so() -> None:
    with server(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx") as port:
        assert bodies(port) == [b"x"] * 3


def task(port: int, expected: str, *, exact: bool = True, requests: int = 7) -> Task:
    return Task("127.0.0.1", port, [[Step(REQUEST.decode(), expected)]], exact, 3, requests, 5.0)


def test_task_survives_being_written_and_read() -> None:
    written = task(1, "e")
    assert read_task(write_task(written)) == written


def test_measured_are_as_many_operations_as_asked_for() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") as port:
        measured = measure(task(port, fingerprint(b"abc", exact=True)))
    assert len(measured.latencies) == 7
    assert sum(measured.latencies) <= measured.elapsed_s


def test_other_bytes_of_the_same_length_are_an_error_where_bytes_count() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabd") as port:
        measure(task(port, fingerprint(b"abc", exact=False), exact=False))
        with pytest.raises(ValueError, match="answered differently"):
            measure(task(port, fingerprint(b"abc", exact=True)))


def test_any_status_but_200_is_an_error() -> None:
    with (
        server(b"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nabc") as port,
        pytest.raises(ValueError, match="answered with 500"),
    ):
        measure(task(port, fingerprint(b"abc", exact=True)))


def test_header_and_body_written_apart_do_not_wait_for_an_acknowledgement() -> None:
    """Without TCP_QUICKACK such a server, Nagle's algorithm on, needs 40 ms for each answer."""
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"abc", nagle=True) as port:
        measured = measure(task(port, fingerprint(b"abc", exact=True), requests=50))
    assert sorted(measured.latencies)[25] < 0.02
