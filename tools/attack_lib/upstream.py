"""A server to forward to: it answers every name with 192.0.2.7, except names with the label `dead`, to which it says
nothing. Its first line of output is its port; at the end it prints how many queries came."""
import select
import socket
import struct
import threading

import wire

ANSWER = b"\xc0\x0c" + struct.pack(">2HIH", wire.A, 1, 300, 4) + socket.inet_aton("192.0.2.7")
SILENT = b"\4dead"


def reply(message):
    """None for a name that is never answered."""
    end = message.index(b"\0", 12) + 5
    if SILENT in message[12:end]:
        return None
    return message[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + message[12:end] + ANSWER


def serve_streams(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_stream, args=(connection,), daemon=True).start()


def serve_stream(connection):
    """A question for each connection, as the forwarder asks."""
    with connection:
        data = connection.recv(4096)
        if len(data) > 14 and (answer := reply(data[2:])):
            connection.sendall(wire.frame(answer))


def bind_both():
    """Sockets for UDP and TCP on a port that was free for both."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(listener.getsockname())
            return datagrams, listener
        except OSError:
            listener.close()
            datagrams.close()


def main():
    stop = wire.stop_on_request()
    datagrams, listener = bind_both()
    datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    datagrams.setblocking(False)
    threading.Thread(target=serve_streams, args=(listener,), daemon=True).start()
    wire.say(datagrams.getsockname()[1])
    count = 0
    while not stop.is_set():
        select.select([datagrams], [], [], 0.1)
        try:
            while True:
                message, client = datagrams.recvfrom(4096)
                count += 1
                if answer := reply(message):
                    datagrams.sendto(answer, client)
        except BlockingIOError:
            pass
    wire.say(count)


if __name__ == "__main__":
    main()
