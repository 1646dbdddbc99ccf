"""One API of the bed under waitress: serve.py NAME MODULE ADDRESS PORT CALLS [ARGUMENT...]

Writes one line for each request to CALLS (method, path, status, program), so that a test can count what was asked and by whom.
ARGUMENTs are what the service finds in sys.argv: some take their configuration files from there.

OpenStack leaves it to a proxy to say who asks too often. Where the file limits/NAME beside the folder of CALLS holds a number, no more
requests than that are let through in a minute; others are answered as HAProxy answers them (http.c: its page for 429).
"""

import collections
import importlib
import os
import sys
import time

import waitress

name, module, address, port, calls, *arguments = sys.argv[1:]
sys.argv = [name, *arguments]
application = importlib.import_module(module).application
log = open(calls, "a", buffering=1)
limit = os.path.join(os.path.dirname(calls), "..", "limits", name)
asked = collections.deque()
MINUTE = 60
TOO_MANY = b"""<html><body><h1>429 Too Many Requests</h1>
You have sent too many requests in a given amount of time.
</body></html>
"""


def is_too_often():
    try:
        with open(limit) as file:
            most = int(file.read())
    except FileNotFoundError:
        asked.clear()
        return False
    now = time.monotonic()
    while asked and asked[0] <= now - MINUTE:
        asked.popleft()
    if len(asked) >= most:
        return True
    asked.append(now)
    return False


def counted(environ, start_response):
    def start(status, headers, *more):
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        agent = environ.get("HTTP_USER_AGENT", "-").split()
        log.write(f"{environ['REQUEST_METHOD']} {path} {status.split()[0]} {' '.join(agent[:3])}\n")
        return start_response(status, headers, *more)

    if is_too_often():
        start("429 Too Many Requests", [("content-type", "text/html"), ("retry-after", str(MINUTE))])
        return [TOO_MANY]
    return application(environ, start)


waitress.serve(counted, host=address, port=int(port), threads=6, _quiet=True)
