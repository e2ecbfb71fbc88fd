"""ttrpc and protobuf's wire format by hand: what the shim says is checked by something that shares no code with it."""
import socket
import struct
import threading


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def encode(*fields):
    """(number, int | str | bytes) pairs as a message."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def decode(data):
    """A message as number -> list of values (int or bytes)."""
    fields, position = {}, 0

    def read_varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while position < len(data):
        key = read_varint()
        if key & 7 == 0:
            value = read_varint()
        else:
            assert key & 7 == 2, f"wire type {key & 7}"
            length = read_varint()
            value = data[position:position + length]
            position += length
        fields.setdefault(key >> 3, []).append(value)
    return fields


class RpcError(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def frame(stream, kind, data, flags=0):
    return struct.pack(">IIBB", len(data), stream, kind, flags) + data


def request(service, method, payload=b"", timeout=0):
    return encode((1, service), (2, method), (3, payload), (4, timeout))


class Client:
    """One connection; calls may be begun before others have been answered."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(200)
        self.socket.connect(str(path))
        self.stream = 1
        self.answers = {}

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def begin(self, method, payload=b"", service="containerd.task.v2.Task", timeout=0):
        stream = self.stream
        self.stream += 2
        self.send(frame(stream, 1, request(service, method, payload, timeout)))
        return stream

    def finish(self, stream):
        while stream not in self.answers:
            self.receive()
        fields = decode(self.answers.pop(stream))
        if 1 in fields:
            status = decode(fields[1][0])
            if status.get(1, [0])[0]:
                raise RpcError(status[1][0], status.get(2, [b""])[0].decode())
        return decode(fields.get(2, [b""])[0])

    def receive(self):
        header = self.exactly(10)
        length, stream, kind, _ = struct.unpack(">IIBB", header)
        assert kind == 2, kind
        self.answers[stream] = self.exactly(length)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("closed")
            data += part
        return data

    def call(self, method, payload=b"", **options):
        return self.finish(self.begin(method, payload, **options))


class EventServer:
    """Takes the events that a shim forwards: (topic, type, fields of the event)."""

    def __init__(self, path):
        self.path = str(path)
        self.events = []
        self.open()

    def open(self):
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self):
        import os
        os.unlink(self.path)
        for connection in [self.listener, *self.connections]:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve_until_lost, args=(connection,), daemon=True).start()

    def serve_until_lost(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass  # The shim has been killed, or the test is over.

    def serve(self, connection):
        reader = connection.makefile("rb")
        while len(header := reader.read(10)) == 10:
            length, stream, _, _ = struct.unpack(">IIBB", header)
            data = reader.read(length)
            if len(data) < length:
                return
            call = decode(data)
            envelope = decode(decode(call[3][0])[1][0])
            event = decode(envelope[4][0])
            self.events.append((envelope[3][0].decode(), event[1][0].decode(), decode(event.get(2, [b""])[0])))
            connection.sendall(frame(stream, 2, b""))

    def topics(self):
        return [topic.removeprefix("/tasks/") for topic, _, _ in self.events]
