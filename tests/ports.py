"""Ports for processes that meet."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """A port that nobody listens on and that no outgoing connection takes meanwhile.

    Linux takes those for outgoing connections from 32768 on (ip_local_port_range).
    """
    for _ in range(100):
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("of a hundred ports none is free")
