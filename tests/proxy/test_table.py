from messages import read_request, read_response, request
from scene import GUARD, SECRET, TARGET, TRUNK

from sip_guard.proxy.action import Action, Send
from sip_guard.proxy.dialogs import Dialogs
from sip_guard.proxy.hops import Hop
from sip_guard.proxy.route import Seal
from sip_guard.proxy.table import Table
from sip_guard.proxy.transaction import ClientTransaction, ServerTransaction, State
from sip_guard.sip.flow import End, Flow
from sip_guard.sip.rewrite import Draft

ALICE = Flow("UDP", GUARD, ("198.51.100.7", 5060))
BOB = Flow("UDP", GUARD, (TARGET.host, 5060))
STRANGER = Flow("UDP", GUARD, ("192.0.2.99", 5060))


def table() -> Table:
    return Table(Dialogs())


def taken(table: Table, method: str = "INVITE") -> ServerTransaction:
    """Take a request of Alice."""
    message = read_request(request(method))
    server = ServerTransaction(
        (b"key", method.encode()),
        message,
        Draft(message),
        TRUNK,
        ALICE,
        back=ALICE.remote,
        via=b"Via: x",
        seal=Seal(SECRET),
    )
    server.begin(0.0)
    table.servers[server.key] = server
    return server


def sent(table: Table, flow: Flow, branch: bytes, server: ServerTransaction | None = None) -> ClientTransaction:
    """Send a request along this flow."""
    message = read_request(request("INFO"))
    hop = Hop(End("UDP", flow.remote), TARGET if flow == BOB else None)
    client = ClientTransaction((branch, b"INFO"), Draft(message), b"sent", flow, 0.0, hop=hop, server=server)
    table.add(client)
    return client


def code_of(actions: list[Action]) -> int:
    (send,) = actions
    assert isinstance(send, Send)
    assert send.flow == ALICE
    return read_response(send.octets.replace(b"Via: x", b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")).code


def test_a_request_that_is_sent_is_found_and_timed_and_let_go_of() -> None:
    one = table()
    server = taken(one)
    client = sent(one, BOB, b"1", server)
    assert one.clients == {(b"1", b"INFO"): client}
    assert server.clients == [client]
    assert one.timers.next() == 0.5
    one.forget(client)
    assert (one.clients, server.clients, one.timers.next()) == ({}, [], None)
    assert client.state is State.TERMINATED


def test_strangers_are_those_who_owe_an_answer_and_are_no_targets() -> None:
    one = table()
    sent(one, BOB, b"1")
    clients = [sent(one, STRANGER, b"2"), sent(one, STRANGER, b"3")]
    assert one.strangers == {STRANGER.remote: 2}
    for client in clients:
        assert STRANGER.remote in one.strangers
        one.forget(client)
    assert STRANGER.remote not in one.strangers


def test_an_answer_of_our_own_goes_back_once() -> None:
    one = table()
    server = taken(one)
    assert code_of(one.answer(server, 486, 1.0, "Busy Here")) == 486
    assert one.timers.next() == 1.5
    assert one.answer(server, 500, 2.0) == []
    assert server.state is State.COMPLETED


def test_what_comes_too_late_is_not_sent() -> None:
    one = table()
    server = taken(one)
    sends = [one.send(server, code, b"SIP/2.0 %d x" % code, 1.0) for code in (180, 200, 180, 486, 200)]
    assert [len(each) for each in sends] == [1, 1, 0, 0, 1]


def test_a_request_that_is_never_answered_is_let_go_of_all_the_same() -> None:
    one = table()
    server = taken(one, "BYE")
    one.stay_silent(server, 1.0)
    assert one.timers.next() == 33.0
    assert server.again() == b""
    one.end(server)
    assert one.servers == {}
    assert server.state is State.TERMINATED
