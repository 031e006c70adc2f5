"""Sends two windows by version 1 of the Lumberjack protocol, as logstash-forwarder did; over TLS, which that needs.

python3 lumberjack-v1.py PORT CA COUNT: COUNT events uncompressed, then COUNT in one compressed frame.
Written from the protocol's description: no client of that version can be had any more.
"""
import socket
import ssl
import struct
import sys
import zlib

port, ca, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])


def text(value):
    data = value.encode("utf-8")
    return struct.pack(">I", len(data)) + data


def data_frame(sequence, pairs):
    body = b"".join(text(key) + text(value) for key, value in pairs.items())
    return b"1D" + struct.pack(">II", sequence, len(pairs)) + body


def acknowledged(stream, last):
    """Reads acknowledgements until that of the last event; some may come before it."""
    while True:
        frame = stream.read(6)
        if len(frame) < 6 or frame[:2] != b"1A":
            sys.exit("no acknowledgement but %r" % frame)
        sequence = struct.unpack(">I", frame[2:])[0]
        if sequence == last:
            return


context = ssl.create_default_context(cafile=ca)
with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
    with context.wrap_socket(plain, server_hostname="localhost") as tls:
        stream = tls.makefile("rb")
        for word, compress in (("first", False), ("second", True)):
            frames = b"".join(
                data_frame(
                    sequence,
                    {
                        "line": "%s %d" % (word, sequence),
                        "file": "/var/log/größe.log",
                        "host": "forwarder",
                        "offset": str(sequence),
                    },
                )
                for sequence in range(1, count + 1)
            )
            if compress:
                packed = zlib.compress(frames)
                frames = b"1C" + struct.pack(">I", len(packed)) + packed
            tls.sendall(b"1W" + struct.pack(">I", count) + frames)
            acknowledged(stream, count)
            print("acked", count)
