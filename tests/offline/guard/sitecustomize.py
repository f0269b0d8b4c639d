"""Put on PYTHONPATH, takes the network away from every Python process: only loopback answers, and each try is written down."""

import os
import sys

LOG = os.environ.get("VAE_COURSE_NETWORK_LOG")


def is_loopback(host) -> bool:
    host = host.decode() if isinstance(host, bytes) else str(host or "")
    return host in ("", "localhost", "::1", "0.0.0.0", "::") or host.startswith("127.")


def refuse(event: str, arguments: tuple) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if is_loopback(host):
        return
    if LOG:
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(f"refused {event} {host}\n")
    raise OSError(101, f"the network was taken away (asked for {host})")


sys.addaudithook(refuse)
