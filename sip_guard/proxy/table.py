"""The transactions in progress, and the answers that the guard gives to them itself."""

from collections import Counter

from sip_guard.proxy.action import Action, Send
from sip_guard.proxy.dialogs import Dialogs
from sip_guard.proxy.key import Key
from sip_guard.proxy.probe import Beat
from sip_guard.proxy.timers import Timers
from sip_guard.proxy.transaction import ClientTransaction, ServerTransaction
from sip_guard.sip.flow import Address
from sip_guard.sip.rewrite import answer


class Table:
    """Finds transactions by their key, and keeps their timers."""

    servers: dict[Key, ServerTransaction]
    clients: dict[Key, ClientTransaction]
    timers: Timers[ServerTransaction | ClientTransaction | Beat]
    strangers: Counter[Address]
    """Where an answer is awaited from that is no target's: the Contacts and Routes of calls."""

    def __init__(self, dialogs: Dialogs) -> None:
        """`dialogs` knows the calls of trunks."""
        self._dialogs = dialogs
        self.servers = {}
        self.clients = {}
        self.timers = Timers()
        self.watch = self.timers.watch
        self.strangers = Counter()
        self.pending = 0
        """How much is kept of requests that came: one that is large counts several times."""

    def open(self, server: ServerTransaction) -> None:
        """Take a request that came."""
        self.servers[server.key] = server
        self.pending += server.size

    def add(self, client: ClientTransaction) -> None:
        """Take a request that is sent."""
        self.clients[client.key] = client
        if client.hop.target is None:
            self.strangers[client.flow.remote] += 1
        if client.server is not None:
            client.server.clients.append(client)
        self.watch(client)

    def forget(self, client: ClientTransaction) -> None:
        """Let go of a request that was sent."""
        client.end()
        self.timers.forget(client)
        del self.clients[client.key]
        if client.hop.target is None:
            self.strangers[client.flow.remote] -= 1
            if not self.strangers[client.flow.remote]:
                del self.strangers[client.flow.remote]
        if client.server is not None:
            client.server.clients.remove(client)

    def end(self, server: ServerTransaction) -> None:
        """Let go of a request that came."""
        server.end()
        self.timers.forget(server)
        self._dialogs.unanswered(server.key)
        del self.servers[server.key]
        self.pending -= server.size

    def answer(
        self, server: ServerTransaction, code: int, now: float, phrase: str = "", extra: tuple[bytes, ...] = ()
    ) -> list[Action]:
        """Give an answer of our own. `extra` are whole lines."""
        tag = server.tag
        told = (*extra, *(b"Reason: " + value for value in server.tells(code, tag)))
        octets = answer(server.request, code, tag=tag, phrase=phrase, top_via=server.via, extra=told)
        return self.send(server, code, octets, now)

    def send(self, server: ServerTransaction, code: int, octets: bytes, now: float, tag: bytes = b"") -> list[Action]:
        """Send an answer with this To tag, if it does not come too late."""
        if not server.answer(code, octets, now):
            return []
        sent = Send(octets, server.flow, server.back)
        if code < 200:
            return [sent]
        self.watch(server)
        if not server.invite:
            return [sent]
        return [sent, *self._dialogs.answered(server.key, server.request, code, tag, now)]

    def stay_silent(self, server: ServerTransaction, now: float) -> None:
        """Never answer (RFC 4320 4.2)."""
        server.stay_silent(now)
        self.watch(server)
