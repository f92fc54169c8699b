"""A socket in front of an engine's that notes what is asked and how many bytes are answered. Tells which URLs a program
fetches, so that another can be made to fetch exactly those.

For programs that send GETs and read answers, on any number of connections; not for timing anything.
"""
import contextlib
import pathlib
import re
import socket
import tempfile
import threading

REQUEST = re.compile(rb"(?:^|\r\n\r\n)([A-Z]+) (\S+) HTTP/1\.1\r\n")


class Relay:
    def __init__(self, engine, path):
        self.engine = str(engine)
        self.path = path
        self.urls = []
        self.bytes = 0
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            engine.connect(self.engine)
            for source, sink, note in ((client, engine, self.note_request), (engine, client, self.note_answer)):
                threading.Thread(target=self.copy, args=(source, sink, note), daemon=True).start()

    def note_request(self, chunk):
        with self.lock:
            for method, url in REQUEST.findall(chunk):
                if method != b"GET":
                    raise ValueError(f"{method} {url}: only GETs can be compared")
                self.urls.append(url.decode())

    def note_answer(self, chunk):
        with self.lock:
            self.bytes += len(chunk)

    @staticmethod
    def copy(source, sink, note):
        with contextlib.suppress(OSError):
            while chunk := source.recv(1 << 16):
                note(chunk)
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relay(engine):
    with tempfile.TemporaryDirectory(prefix="headroom-relay-") as folder:
        r = Relay(engine, str(pathlib.Path(folder) / "docker.sock"))
        try:
            yield r
        finally:
            r.listener.close()
