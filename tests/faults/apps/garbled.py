"""A server of something else than HTTP; it listens on the socket that is its argument."""

import socket
import sys

with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(sys.argv[1])
    listening.listen()
    while True:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"220 mail.example ESMTP\r\n")
            connection.recv(4096)
