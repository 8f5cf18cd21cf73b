"""The YAML file as frozen types, the only place that knows YAML. A wrong file gives file, line, path and what to do."""

from sip_guard.config.fault import ConfigError
from sip_guard.config.listening import Listen
from sip_guard.config.load import Config, load

__all__ = ["Config", "ConfigError", "Listen", "load"]
