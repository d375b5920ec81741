"""Software of others: reads what a log publishes, and witnesses it, by the texts of C2SP and RFC 9162 alone.

Nothing of the hub is imported here. Trees are pymerkle's, signatures those of cryptography.
"""

import struct
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # it ships no types

_LOG, _WITNESS = 1, 4
"""Types of keys, as signed-note and tlog-cosignature number them."""


@dataclass(frozen=True)
class Head:
    origin: str
    size: int
    root: bytes
    body: str


@dataclass(frozen=True)
class Key:
    name: str
    key_id: bytes
    algorithm: int
    public: Ed25519PublicKey

    @classmethod
    def read(cls, text: str) -> "Key":
        name, key_id, encoded = text.split("+", 2)
        raw = b64decode(encoded)
        assert bytes.fromhex(key_id) == sha256(f"{name}\n".encode() + raw).digest()[:4]
        return cls(name, bytes.fromhex(key_id), raw[0], Ed25519PublicKey.from_public_bytes(raw[1:]))

    def signature_under(self, note: str) -> bytes:
        for line in note.partition("\n\n")[2].splitlines():
            dash, name, value = line.split(" ")
            raw = b64decode(value)
            if (dash, name, raw[:4]) == ("—", self.name, self.key_id):
                return raw[4:]
        raise AssertionError(f"not signed by {self.name}")


def body_of(note: str) -> str:
    return note.partition("\n\n")[0] + "\n"


def signed_head(note: str, log_key: str) -> Head:
    """tlog-checkpoint: InvalidSignature or AssertionError unless the log signed it."""
    key, body = Key.read(log_key), body_of(note)
    assert key.algorithm == _LOG
    key.public.verify(key.signature_under(note), body.encode())
    origin, size, root = body.splitlines()
    assert origin == key.name
    return Head(origin, int(size), b64decode(root), body)


def cosigned_at(note: str, witness_key: str) -> int:
    """tlog-cosignature: the time at which the witness cosigned; raises as `signed_head`."""
    key, body = Key.read(witness_key), body_of(note)
    assert key.algorithm == _WITNESS
    value = key.signature_under(note)
    (time,) = struct.unpack(">Q", value[:8])
    key.public.verify(value[8:], f"cosignature/v1\ntime {time}\n{body}".encode())
    return int(time)


def tile_paths(level: int | str, count: int) -> Iterator[str]:
    """tlog-tiles: of a level with so many values; `level` is `entries` for bundles."""
    for index in range(-(-count // 256)):
        width = min(256, count - 256 * index)
        yield f"tile/{level}/{index:03d}{'' if width == 256 else f'.p/{width}'}"


def hashes_in(tile: bytes) -> list[bytes]:
    return [tile[place : place + 32] for place in range(0, len(tile), 32)]


def entries_in(bundle: bytes) -> Iterator[bytes]:
    while bundle:
        (length,) = struct.unpack(">H", bundle[:2])
        yield bundle[2 : 2 + length]
        bundle = bundle[2 + length :]


def root_of(entries: Sequence[bytes]) -> bytes:
    root: bytes = InmemoryTree.init_from_entries(list(entries), algorithm="sha256").get_root()
    return root


def continues(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.4.2, in its letters."""
    if old == new:
        return old_root == new_root and not proof
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (old_root, new_root, 0)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class OtherWitness:
    """tlog-witness, of another make."""

    def __init__(self, name: str, private: Ed25519PrivateKey, log_key: str, time: Callable[[], int]) -> None:
        self._name = name
        self._private = private
        self._log_key = log_key
        self._time = time
        self._raw = bytes([_WITNESS]) + private.public_key().public_bytes_raw()
        self._key_id = sha256(f"{name}\n".encode() + self._raw).digest()[:4]
        self._last: Head | None = None

    @property
    def key(self) -> str:
        return f"{self._name}+{self._key_id.hex()}+{b64encode(self._raw).decode()}"

    def add_checkpoint(self, body: bytes) -> tuple[int, bytes]:
        lines, _, note = body.decode().partition("\n\n")
        old, *proof = lines.split("\n")
        size = self._last.size if self._last else 0
        if old != f"old {size}":
            return 409, f"{size}\n".encode()
        head = signed_head(note, self._log_key)
        if self._last and not continues(
            size, self._last.root, head.size, head.root, [b64decode(one) for one in proof]
        ):
            return 422, b""
        self._last = head
        time = self._time()
        signature = self._private.sign(f"cosignature/v1\ntime {time}\n{head.body}".encode())
        value = b64encode(self._key_id + struct.pack(">Q", time) + signature).decode()
        return 200, f"— {self._name} {value}\n".encode()

    @contextmanager
    def served(self) -> Iterator[str]:
        """On a port of its own; yields the address."""
        witness = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/add-checkpoint"
                status, body = witness.add_checkpoint(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                if status == 409:
                    self.send_header("Content-Type", "text/x.tlog.size")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Nobody reads it."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()
            thread.join()
