from reactor import in_reactor, reactor_thread  # noqa: F401 - fixtures of this folder's tests
