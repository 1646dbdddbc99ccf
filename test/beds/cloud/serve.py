"""One API of the bed under waitress: serve.py NAME MODULE ADDRESS PORT CALLS [ARGUMENT...]

Writes one line for each request to CALLS (method, path, status, program), so that a test can count what was asked and by whom.
ARGUMENTs are what the service finds in sys.argv: some take their configuration files from there.
"""

import importlib
import sys

import waitress

name, module, address, port, calls, *arguments = sys.argv[1:]
sys.argv = [name, *arguments]
application = importlib.import_module(module).application
log = open(calls, "a", buffering=1)


def counted(environ, start_response):
    def start(status, headers, *more):
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        agent = environ.get("HTTP_USER_AGENT", "-").split()
        log.write(f"{environ['REQUEST_METHOD']} {path} {status.split()[0]} {' '.join(agent[:3])}\n")
        return start_response(status, headers, *more)

    return application(environ, start)


waitress.serve(counted, host=address, port=int(port), threads=6, _quiet=True)
