"""A small SMTP server on loopback, which keeps what it is given."""

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message


class _Conversation(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline():
            word, _, rest = line.decode("ascii").strip().partition(" ")
            if word.upper() == "QUIT":
                self.say("221 bye")
                return
            self.answer(word.upper(), rest)

    def answer(self, word: str, rest: str) -> None:
        if word == "EHLO":
            self.say("250-here\r\n250 AUTH PLAIN")
        elif word == "AUTH":
            given = tuple(base64.b64decode(rest.split()[1]).decode().split("\0")[1:])
            self.say("235 welcome" if given == self.server.login else "535 no")
        elif word == "DATA":
            self.say("354 go on")
            lines = iter(self.rfile.readline, b".\r\n")
            self.server.letters.append(message_from_bytes(b"".join(lines)))
            self.say("250 kept")
        else:
            self.say("250 fine")

    def say(self, words: str) -> None:
        self.wfile.write(words.encode("ascii") + b"\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    """`login` is who may send; `letters` what came."""

    daemon_threads = True

    def __init__(self, login: tuple[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.login = login
        self.letters: list[Message] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def mail_server(user: str, password: str) -> Iterator[MailServer]:
    """One that runs."""
    with MailServer((user, password)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
