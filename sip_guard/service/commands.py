"""What may be asked of a guard that runs, by its control socket."""

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from sip_guard import __version__
from sip_guard.control import Commands, Reply
from sip_guard.service.reloading import Refused
from sip_guard.service.service import Service


def commands(service: Service) -> Commands:
    """Give the commands and what they do."""

    def reload() -> Deferred[Reply]:
        return service.reload().addCallbacks(_reloaded, _refused)

    def drain() -> Reply:
        service.drain()
        return status()

    def status() -> Reply:
        return {
            "version": __version__,
            "generation": service.generation,
            "uptime": round(service.uptime),
            "calls": service.draining.calls,
            "draining": service.draining.is_under_way,
        }

    return {"reload": reload, "drain": drain, "status": status}


def _reloaded(generation: int) -> Reply:
    return {"generation": generation}


def _refused(failure: Failure) -> Reply:
    failure.trap(Refused)  # type: ignore[no-untyped-call]
    assert isinstance(failure.value, Refused)  # noqa: S101 - trapped
    return {"errors": failure.value.lines}
