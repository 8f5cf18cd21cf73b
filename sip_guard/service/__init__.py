"""Builds the whole from a configuration and a reactor, and changes it while it is at work. The only place that does."""

from sip_guard.service.commands import commands
from sip_guard.service.reloading import Refused
from sip_guard.service.service import Service, steady

__all__ = ["Refused", "Service", "commands", "steady"]
