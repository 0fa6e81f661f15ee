"""Real MariaDB and Redis servers for a test: on a temporary folder, gone with it."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from support import free_port


class Database:
    """What both have: a folder, a port, a process that can be killed and started again."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="refrain-database-")
        self.port = free_port()
        self.log = open(self.folder + "/log", "ab")
        self.prepare()
        self.start()

    def prepare(self):
        """What is done once, before the first start."""

    def start(self):
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log)
        pause = threading.Event()
        for _ in range(3000):
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            pause.wait(0.01)
        raise RuntimeError("no database (tools/setup test installs it): "
                           + pathlib.Path(self.folder, "log").read_text(errors="replace")[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def hold(self):
        """It does not answer any more, until go_on()."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.kill()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self):
        raise NotImplementedError


class Mariadb(Database):
    """User refrain, password secret, database refrain."""

    flags = ("--store-password", "secret")

    @property
    def url(self):
        return f"mysql://refrain@127.0.0.1:{self.port}/refrain"

    def base(self, *more):
        user = ["--user=root"] if os.getuid() == 0 else []
        return ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data",
                "--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M",
                "--innodb-data-file-path=ibdata1:4M:autoextend", "--performance-schema=off",
                "--skip-log-bin", "--skip-name-resolve", *user, *more]

    def prepare(self):
        os.mkdir(self.folder + "/data")
        share = pathlib.Path("/usr/share/mysql")
        script = "create database mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n"
        for part in ("mysql_system_tables", "mysql_system_tables_data"):
            script += (share / (part + ".sql")).read_text()
        script += ("create database refrain character set utf8mb4;\nflush privileges;\n"
                   "create user 'refrain'@'%' identified by 'secret';\n"
                   "grant all on refrain.* to 'refrain'@'%';\n")
        subprocess.run(self.base("--bootstrap", "--innodb-flush-method=nosync"),
                       input=script.encode(), stdout=self.log, stderr=self.log, check=True)

    def command(self):
        return self.base(f"--port={self.port}", "--bind-address=127.0.0.1",
                         f"--socket={self.folder}/socket")


class Redis(Database):
    """Flushes its log before each reply."""

    flags = ()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self):
        # The program of redis-tools is the server under another name.
        return ["/bin/bash", "-c", 'exec -a redis-server /usr/bin/redis-check-rdb "$@"',
                "redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", self.folder, "--appendonly", "yes", "--appendfsync", "always",
                "--save", ""]
