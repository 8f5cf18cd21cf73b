"""Being here puts this folder on the import path, for `pki`, `reactor` and their like (import mode `prepend`)."""

from reactor import in_reactor, reactor_thread  # noqa: F401 - fixtures for all tests
