"""Real kernels for tests: notebooks on disk, and what a front end says to a kernel and hears of it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

#: of each file of tests with kernels
MARKS = [
    pytest.mark.slow,  # kernels start in seconds
    pytest.mark.filterwarnings("ignore"),  # of the libraries of Jupyter in this process
]

#: cells that most notebooks have
TRACK = "import lamin_lite as ln\nln.track()"
FINISH = "ln.finish()"


def markdown(text):
    """A cell with text."""
    return {"cell_type": "markdown", "metadata": {}, "source": text}


class Notebook:
    """An ``.ipynb`` file. Its code cells are called by their numbers, from 1 on."""

    def __init__(self, path, *cells):
        self.path = Path(path)
        self.cells = []
        self.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        for cell in cells:
            self.add(cell)
        self.save()

    def add(self, cell):
        """Append a cell, a text is code; nothing is saved."""
        if isinstance(cell, str):
            cell = {"cell_type": "code", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        self.cells.append({"id": f"id-{len(self.cells)}", **cell})

    def code(self, number):
        """The code cell with this number."""
        return [cell for cell in self.cells if cell["cell_type"] == "code"][number - 1]

    def save(self):
        """Write the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = {"cells": self.cells, "metadata": self.metadata, "nbformat": 4, "nbformat_minor": 5}
        self.path.write_text(json.dumps(whole), encoding="utf-8")


class Kernel:
    """A kernel of its own process, as a front end sees it."""

    def __init__(self, folder, environ):
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=environ)
        self._connect()

    def _connect(self):
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def send(self, code, cell_id=None, **options):
        """Ask for a cell to be executed; the id of the message."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self.client.session.msg("execute_request", {**content, "stop_on_error": True, **options})
        if cell_id is not None:
            message["metadata"] = {"cellId": cell_id}
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def outputs(self, sent, timeout=60):
        """What a cell gave, once it has ended: ``(type, content)``."""
        found = []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=timeout)
            except queue.Empty:
                raise AssertionError(f"the cell did not end; it gave {found}") from None
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return found
            if kind not in ("status", "execute_input"):
                found.append((kind, content))

    def run(self, code, cell_id=None, fails=False, **options):
        """Execute a cell; what it gave."""
        found = self.outputs(self.send(code, cell_id, **options))
        failed = [content for kind, content in found if kind == "error"]
        assert bool(failed) is fails, "\n".join(failed[0]["traceback"]) if failed else f"no error, but {found}"
        return found

    def words(self, code, cell_id=None, fails=False):
        """What a cell showed and printed, as lines of text."""
        shown = []
        for kind, content in self.run(code, cell_id, fails):
            if kind == "stream":
                shown.append(content["text"])
            elif kind in ("display_data", "execute_result"):
                shown.append(content["data"]["text/plain"])
        return "\n".join(shown)

    def cell(self, notebook, number, with_id=False, fails=False):
        """Execute a code cell of a notebook; what it said."""
        cell = notebook.code(number)
        return self.words(cell["source"], cell["id"] if with_id else None, fails)

    def _disconnect(self):
        self.client.stop_channels()
        context = self.client.context
        if context is not self.manager.context and not getattr(context, "_shadow", False):  # of older versions
            context.destroy(linger=0)

    def restart(self):
        """As the button of a front end does."""
        self._disconnect()
        self.manager.restart_kernel()
        self._connect()

    def interrupt(self):
        """As the button of a front end does."""
        self.manager.interrupt_kernel()

    def kill(self):
        """As the kernel of the system does if memory is short."""
        self._disconnect()
        self.manager.shutdown_kernel(now=True)

    def close(self):
        """A clean end."""
        if self.manager.has_kernel:
            self._disconnect()
            self.manager.shutdown_kernel()
        self.manager.context.destroy(linger=0)


class ServerKernel(Kernel):
    """A kernel that a real Jupyter Server started for a notebook, as JupyterLab asks for it."""

    def __init__(self, folder, path, environ):
        from jupyter_client import BlockingKernelClient

        self.runtime = Path(environ["HOME"], "runtime")
        environ = {**environ, "JUPYTER_RUNTIME_DIR": str(self.runtime)}
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"]
        command += [
            f"--ServerApp.root_dir={folder}",
            "--IdentityProvider.token=abc",
            "--ServerApp.disable_check_xsrf=True",
        ]
        with open(Path(environ["HOME"], "server.log"), "wb") as log:
            self.server = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=environ["HOME"])
        try:
            self.url = self._wait(self._address)
            relative = str(path.relative_to(folder))
            asked = {"path": relative, "name": path.name, "type": "notebook", "kernel": {"name": "python3"}}
            session = self._ask("api/sessions", asked)
            self.client = BlockingKernelClient()
            self.client.load_connection_file(str(self.runtime / f"kernel-{session['kernel']['id']}.json"))
            self.client.start_channels(hb=False)
            self._wait(self._answers)
        except BaseException:
            self.server.kill()
            self.server.wait()
            raise

    def _address(self):
        files = list(self.runtime.glob("jpserver-*.json"))
        if not files:
            return None
        try:
            url = json.loads(files[0].read_text())["url"]
            self.url = url
            self._ask("api")
        except (OSError, ValueError):
            return None
        return url

    def _answers(self):
        """Whether the kernel answers, and we hear what it publishes."""
        self.client.kernel_info()
        try:
            return self.client.get_iopub_msg(timeout=1)
        except queue.Empty:
            return None

    def _wait(self, call):
        deadline = time.monotonic() + 60
        while True:
            found = call()
            if found is not None:
                return found
            assert time.monotonic() < deadline, "the server did not start"
            assert self.server.poll() is None, "the server ended"
            time.sleep(0.1)

    def _ask(self, what, data=None, method=None):
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.url + what, body, {"Authorization": "token abc"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def close(self):
        """As the button that shuts all down."""
        self.client.stop_channels()
        for kernel in self._ask("api/kernels"):
            self._ask(f"api/kernels/{kernel['id']}", method="DELETE")
        self.client.context.destroy(linger=0)
        self.server.terminate()
        self.server.wait(timeout=30)
