"""A server of SFTP on the loopback interface that serves a folder to one user."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko

USER, PASSWORD = "reader", "Sentinel-of-sftp-1"


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Handle(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def _answer(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return paramiko.SFTPServer.convert_errno(error.errno)
    return paramiko.SFTP_OK


class _Files(paramiko.SFTPServerInterface):
    root = ""

    def _path(self, path: str) -> str:
        return self.root + self.canonicalize(path)

    def list_folder(self, path):
        try:
            entries = []
            for entry in os.scandir(self._path(path)):
                one = paramiko.SFTPAttributes.from_stat(entry.stat())
                one.filename = entry.name
                entries.append(one)
            return entries
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def stat(self, path):
        try:
            return paramiko.SFTPAttributes.from_stat(os.stat(self._path(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path, flags, attr):
        try:
            number = os.open(self._path(path), flags, 0o644)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        file = os.fdopen(number, "rb" if not flags & (os.O_WRONLY | os.O_RDWR) else "r+b")
        handle = _Handle(flags)
        handle.readfile = handle.writefile = file
        return handle

    def remove(self, path):
        return _answer(os.remove, self._path(path))

    def rename(self, oldpath, newpath):
        """As of OpenSSH: nothing is replaced."""
        code = _answer(os.link, self._path(oldpath), self._path(newpath))
        return _answer(os.remove, self._path(oldpath)) if code == paramiko.SFTP_OK else code

    def posix_rename(self, oldpath, newpath):
        return _answer(os.replace, self._path(oldpath), self._path(newpath))

    def mkdir(self, path, attr):
        return _answer(os.mkdir, self._path(path))


@contextlib.contextmanager
def serving_sftp(folder: Path) -> Iterator[tuple[int, paramiko.PKey]]:
    """Serve a folder; yields the port and the key of the server."""
    key = paramiko.ECDSAKey.generate()
    files = type("_Served", (_Files,), {"root": str(folder)})
    listener = socket.create_server(("127.0.0.1", 0))
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                transport = paramiko.Transport(listener.accept()[0])
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
                transports.append(transport)
                with contextlib.suppress(EOFError, paramiko.SSHException):  # it refused this key
                    transport.start_server(server=_Login())

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1], key
    finally:
        listener.close()
        for transport in transports:
            transport.close()
