"""The end of a certificate, asked of a real TLS server."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.module_utils.monitor import certificate
from plugins.module_utils.monitor.certificate import certificate_end, end_of


def make(directory: Path, name: str, days: int) -> ssl.SSLContext:
    files = {kind: str(directory / f"{name}.{kind}") for kind in ("key", "crt")}
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made = [*command, "-nodes", "-keyout", files["key"], "-out", files["crt"]]
    wanted = ["-subj", f"/CN={name}", "-days", str(days)]
    subprocess.run([*made, *wanted], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["crt"], files["key"])
    return context


def true_end(directory: Path, name: str) -> float:
    """The end by another reader."""
    command = ["openssl", "x509", "-noout", "-enddate", "-in", str(directory / f"{name}.crt")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return ssl.cert_time_to_seconds(said.strip().split("=", 1)[1])


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A TLS server: `chat.test` has a certificate of its own, all others another."""
    fallback, chat = make(tmp_path, "fallback", 3), make(tmp_path, "chat.test", 30)

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name == "chat.test":
            connection.context = chat

    fallback.sni_callback = choose
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                try:
                    with client, fallback.wrap_socket(client, server_side=True) as tls:
                        tls.recv(1)
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize(
    ("asked", "shown"), [("chat.test", "chat.test"), ("other.test", "fallback")]
)
def test_the_end_by_server_name(tmp_path: Path, port: int, asked: str, shown: str) -> None:
    assert certificate_end("127.0.0.1", port, asked) == true_end(tmp_path, shown)


def test_the_environment_names_a_proxy(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert certificate_end("127.0.0.1", port, "chat.test") == true_end(tmp_path, "chat.test")


@pytest.mark.parametrize("name", ["", "*.chat.test", "_", "a b", "ü.test", "~^x$", "a" * 300])
def test_odd_names_raise_nothing(port: int, name: str) -> None:
    certificate_end("127.0.0.1", port, name)


def test_nobody_listens() -> None:
    with socket.socket() as taken:  # so that nobody else listens there
        taken.bind(("127.0.0.1", 0))
        assert certificate_end("127.0.0.1", int(taken.getsockname()[1]), "chat.test") is None


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_without_tls(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    """It may be silent, too."""
    monkeypatch.setattr(certificate, "PATIENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            client.sendall(answer)
            client.recv(10000)
            silent.wait(5)
            client.close()

        silent = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert certificate_end("127.0.0.1", int(listener.getsockname()[1]), "chat.test") is None
        silent.set()
        thread.join(5)


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ([("Start Date", "2025-03-01 12:00:00 GMT"), ("Expire Date", "2026-03-01 12:00:00 GMT")], 1772366400),
        ([("Start date", "Mar  1 12:00:00 2025 GMT"), ("Expire date", "Mar  1 12:00:00 2026 GMT")], 1772366400),
        ([("Expire date", "2026-03-01 12:00:00")], None),
        ([("Expire date", "2026-13-01 12:00:00 GMT")], None),
        ([("Expire date", "")], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_form_of_each_tls_library(fields: list[tuple[str, str]], end: float | None) -> None:
    assert end_of(fields) == end
