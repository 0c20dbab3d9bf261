"""A JupyterHub on one machine: whoever has an account on it has a Jupyter server, which runs with that user's rights.

The page "On a JupyterHub" of the book has the commands that it belongs to; it runs as root, as it starts processes for
others. Whom it lets in, and how, is your site's own: see the authenticators of JupyterHub.
"""

import sys
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

HUB = Path(sys.prefix)  # the environment with JupyterHub, nbgrader, rnnlib and the grader, which all servers run in

c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # put your web server with its certificate in front of it
c.ConfigurableHTTPProxy.command = [str(HUB / "node_modules" / ".bin" / "configurable-http-proxy")]

# What is kept while the hub is down, and is nobody else's to read.
STATE = HUB / "state"
STATE.mkdir(mode=0o700, exist_ok=True)
c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")

# The users of the system, by their passwords there. The exchange knows whose a hand-in is by the owner of its files:
# with one account for all, everybody could hand in as anybody.
c.JupyterHub.authenticator_class = "pam"
c.JupyterHub.spawner_class = "localprocess"
c.Authenticator.allow_all = True  # or name them: c.Authenticator.allowed_users = {"ada", "blaise"}

c.Spawner.cmd = [str(HUB / "bin" / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
