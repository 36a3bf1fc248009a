"""Local servers that speak Databento's protocols as the official client 0.87 does: https for recorded data, and the
live gateway over TCP. Loopback, ports of the system's choice, everything ended by `close`."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import databento_dbn as dbn
import pytest
import zstandard

KEY = "db-0123456789abcdefghijklmnABCDE"
USD_PER_RECORD = 0.25


@cache
def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key; made once a folder."""
    program = shutil.which("openssl")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no openssl to make a certificate with")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return cert, key


# ── recorded data ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Fault:
    """What goes wrong with the next request to an endpoint."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent in place of the answer."""
    cut: int | None = None
    """Bytes after which the connection is dropped."""
    stall: bool = False
    """Send half, then nothing until the server closes."""
    change: Callable[[bytes], bytes] | None = None
    """What becomes of the uncompressed DBN stream."""


class HistoricalServer:
    """Serves `records` (of any type with ts_recv or ts_event) by range; `asked` keeps (endpoint, form) of each."""

    def __init__(self, folder: Path, records, schema=dbn.Schema.MBO, dataset="GLBX.MDP3", instrument_id=17077) -> None:
        self.records = sorted(records, key=_moment)
        self.schema, self.dataset, self.instrument_id = schema, dataset, instrument_id
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.not_found: list[str] = []
        self.warnings: list[str] = []
        self.stopping = threading.Event()
        self.stalled = threading.Event()
        cert, key = certificate(folder)
        self.ca = cert
        server = self

        class Handler(_Handler):
            owner = server

        self._http = _Http(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        # The handshake belongs to the thread of its connection, not to the one that accepts.
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def count(self, endpoint: str) -> int:
        return sum(name == endpoint for name, _ in self.asked)

    def of(self, form) -> list:
        start, end = int(form["start"]), int(form["end"])
        return [r for r in self.records if start <= _moment(r) < end]

    def stream(self, form) -> bytes:
        symbols = form["symbols"].split(",")
        days = [SimpleNamespace(start_date=_date(form["start"]), end_date=_date(form["end"], 1),
                                symbol=str(self.instrument_id))]  # fmt: skip
        header = dbn.Metadata(
            dataset=self.dataset, start=int(form["start"]), end=int(form["end"]), stype_in=dbn.SType(form["stype_in"]),
            stype_out=dbn.SType.INSTRUMENT_ID, schema=self.schema, symbols=symbols, partial=[],
            not_found=self.not_found, mappings=[SimpleNamespace(raw_symbol=s, intervals=days) for s in symbols],
            version=3,
        ).encode()  # fmt: skip
        return header + b"".join(bytes(r) for r in self.of(form))

    def close(self) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)
        assert not self._thread.is_alive()


class _Http(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up, or does not trust the certificate, is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    owner: HistoricalServer
    protocol_version = "HTTP/1.1"
    timeout = 10

    def log_message(self, *arguments) -> None:
        pass

    def do_POST(self) -> None:
        self.close_connection = True
        length = int(self.headers.get("content-length", 0))
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        endpoint = self.path.rsplit(".", 1)[-1]
        owner = self.owner
        owner.asked.append((endpoint, form))
        waiting = owner.faults.get(endpoint, [])
        fault = waiting.pop(0) if waiting else Fault()
        expected = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
        if self.headers.get("authorization") != expected:
            self._refuse(401, "auth_authentication_failed", "Authentication failed.")
        elif fault.status != 200:
            self._refuse(fault.status, "case", "as the test wants it", fault.headers, fault.body)
        elif self.path == "/v0/metadata.get_cost":
            self._json(len(owner.of(form)) * USD_PER_RECORD, fault)
        elif self.path == "/v0/metadata.get_billable_size":
            self._json(sum(len(bytes(r)) for r in owner.of(form)), fault)
        elif self.path == "/v0/metadata.get_record_count":
            self._json(len(owner.of(form)), fault)
        elif self.path == "/v0/timeseries.get_range":
            self._stream(form, fault)
        else:
            self._refuse(404, "not_found", self.path)

    def _refuse(self, status, case, message, headers=None, body=None) -> None:
        detail = {"case": case, "message": message, "status_code": status, "docs": "", "payload": {}}
        self._send(status, json.dumps({"detail": detail}).encode() if body is None else body, headers or {})

    def _json(self, value, fault) -> None:
        self._send(200, json.dumps(value).encode() if fault.body is None else fault.body, {})

    def _send(self, status, body, headers) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, form, fault) -> None:
        plain = self.owner.stream(form)
        body = zstandard.ZstdCompressor().compress(fault.change(plain) if fault.change else plain)
        body = body if fault.body is None else fault.body
        self.send_response(200)
        self.send_header("content-type", "application/octet-stream")
        self.send_header("transfer-encoding", "chunked")
        if self.owner.warnings:
            self.send_header("X-Warning", json.dumps(self.owner.warnings))
        self.end_headers()
        stop = len(body) // 2 if fault.stall else len(body) if fault.cut is None else fault.cut
        for at in range(0, stop, 1000):
            part = body[at : min(at + 1000, stop)]
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if fault.stall:
            self.wfile.flush()
            self.owner.stalled.set()
            self.owner.stopping.wait(30)
        elif fault.cut is None:
            self.wfile.write(b"0\r\n\r\n")


def _moment(record) -> int:
    return getattr(record, "ts_recv", record.ts_event)


def _date(nanos: str, later: int = 0):
    import datetime as dt

    return (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(nanos) // 1000)).date() + dt.timedelta(later)


# ── the live gateway ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Session:
    """What one connection to the gateway gets. After `records` the gateway ends it as `end` says."""

    records: list = field(default_factory=list)
    end: str = "wait"
    """`wait`: keep it open; `close`: end it in order; `reset`: drop it; `half`: send half a record, then drop it."""
    accept: bool = True
    """False: drop the connection before the challenge."""
    refuse: str | None = None
    """Answer the authentication with this error."""


class LiveGateway:
    """Databento's live gateway: greeting, challenge, authentication, subscriptions, start, DBN records."""

    def __init__(self, sessions: list[Session], version: int = 3) -> None:
        self.sessions = list(sessions)
        self.version = version
        self.authentications: list[dict[str, str]] = []
        self.subscriptions: list[list[dict[str, str]]] = []
        self.problems: list[str] = []
        self.served = threading.Event()
        """Set when the records of the last session have been sent."""
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(15)
        self._listener.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                if not self.sessions:
                    continue  # nobody expected: dropped at once
                connection.settimeout(5)
                try:
                    self._serve(connection, self.sessions.pop(0))
                except (OSError, ValueError) as error:
                    self.problems.append(repr(error))

    def _serve(self, connection: socket.socket, session: Session) -> None:
        if not session.accept:
            return
        lines = connection.makefile("rb")
        with lines:
            challenge = f"challenge{len(self.authentications)}"
            connection.sendall(f"lsg_version=0.7.0\ncram={challenge}\n".encode())
            answer = _fields(lines.readline())
            self.authentications.append(answer)
            digest = hashlib.sha256(f"{challenge}|{KEY}".encode()).hexdigest()
            if session.refuse or answer.get("auth") != f"{digest}-{KEY[-5:]}":
                error = session.refuse or "User authentication failed."
                connection.sendall(f"success=0|error={error}\n".encode())
                return
            connection.sendall(f"success=1|session_id={len(self.authentications)}\n".encode())
            subscribed: list[dict[str, str]] = []
            while True:
                asked = _fields(lines.readline())
                if "start_session" in asked:
                    break
                if not {"schema", "stype_in", "symbols"} <= asked.keys():
                    raise ValueError(f"not a subscription: {asked}")
                subscribed.append(asked)
            self.subscriptions.append(subscribed)
            self._send(connection, session, answer["dataset"])

    def _send(self, connection: socket.socket, session: Session, dataset: str) -> None:
        header = dbn.Metadata(
            dataset=dataset, start=time.time_ns(), end=None, stype_in=None, stype_out=dbn.SType.INSTRUMENT_ID,
            schema=None, symbols=[], partial=[], not_found=[], mappings=[], version=self.version,
        ).encode()  # fmt: skip
        body = header + b"".join(bytes(r) for r in session.records)
        half = bytes(session.records[-1])[:20] if session.end == "half" else b""
        # Pieces that split records, as TCP may.
        whole = body + half
        for at in range(0, len(whole), 1111):
            connection.sendall(whole[at : at + 1111])
        if not self.sessions:
            self.served.set()
        if session.end == "wait":
            while not self._stopping.is_set():
                connection.settimeout(0.05)
                try:
                    if not connection.recv(100):
                        return
                except TimeoutError:
                    continue
        elif session.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _fields(line: bytes) -> dict[str, str]:
    if not line.endswith(b"\n"):
        raise ValueError(f"no line: {line!r}")
    return dict(part.partition("=")[::2] for part in line.decode().strip().split("|"))
