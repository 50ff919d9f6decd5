"""One connection of the callback client, fed by hand where the pieces matter."""

from palomar.net.client.connection import CallbackConnection, PendingExchange

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Wire:
    """A transport."""

    def __init__(self):
        self.written = []
        self.aborted = False

    def write(self, data):
        self.written.append(data)

    def abort(self):
        self.aborted = True


class Listener:
    """An owner that records the calls of its connection."""

    def __init__(self):
        self.heard = []

    def made(self, connection):
        pass

    def answered(self, connection, exchange, status, body_start):
        self.heard.append((exchange.payload, status, body_start))

    def failed(self, exchange, error):
        self.heard.append((exchange.payload, error))


def opened():
    owner, wire = Listener(), Wire()
    connection = CallbackConnection(owner)
    connection.connection_made(wire)
    return connection, owner, wire


def ask(connection, payload):
    connection.send(PendingExchange(payload=payload, started=0.0, deadline=1.0, done=lambda outcome: None))


def test_a_repeated_answer_ends_each_exchange_once():
    connection, owner, wire = opened()
    for payload in (b"1", b"2", b"3"):
        ask(connection, payload)
        connection.data_received(OK)
    assert owner.heard == [(b"1", 200, b"ok"), (b"2", 200, b"ok"), (b"3", 200, b"ok")]
    assert not wire.aborted


def test_the_octets_of_the_last_answer_may_be_a_body():
    connection, owner, _ = opened()
    ask(connection, b"1")
    connection.data_received(OK)
    ask(connection, b"2")
    connection.data_received(b"HTTP/1.1 201 OK\r\nContent-Length: %d\r\n\r\n" % (2 * len(OK)))
    connection.data_received(OK)
    assert owner.heard == [(b"1", 200, b"ok")]
    connection.data_received(OK)
    assert owner.heard[1:] == [(b"2", 201, OK + OK)]


def test_an_answer_that_came_in_pieces_is_read_in_pieces_again():
    connection, owner, _ = opened()
    for payload in (b"1", b"2"):
        ask(connection, payload)
        connection.data_received(OK[:9])
        assert len(owner.heard) == int(payload) - 1
        connection.data_received(OK[9:])
    assert owner.heard == [(b"1", 200, b"ok"), (b"2", 200, b"ok")]


def test_an_answer_that_ends_the_connection_ends_it_at_once():
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    for answer in (closing, OK + b"x"):
        connection, owner, wire = opened()
        ask(connection, b"1")
        connection.data_received(answer)
        assert owner.heard == [(b"1", 200, b"ok")]
        assert wire.aborted
