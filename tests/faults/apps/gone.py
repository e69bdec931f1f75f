"""A server that answers once, then ends; its socket stays behind, and nobody listens on it."""

import socket
import sys

listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
while True:
    connection, _ = listening.accept()
    if connection.recv(4096):  # who only looks sends nothing
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        connection.close()
        break
