"""What is on the flash before the box is first switched on."""

import os

import vfs

_HOST = "/_host"


def prepare(flash, config):
    """Make the flash the root, with the files that the configuration wants on it.

    A file that is there already and the same isn't written again.
    """
    if config["flash_is_new"]:
        vfs.VfsLfs2.mkfs(flash)
    root = vfs.VfsLfs2(flash)
    vfs.umount("/")
    vfs.mount(root, "/")
    if config["files"]:
        vfs.mount(vfs.VfsPosix(config["firmware"]), _HOST)
        for name in config["files"]:
            _make_folders(name)
            _write_if_new("/" + name, read(_HOST + "/" + name))
        vfs.umount(_HOST)
    for name, text in config["first_files"].items():
        if read("/" + name) is None:
            _write_if_new("/" + name, text.encode())
    os.chdir("/")


def read(path):
    """The file's bytes; None if it isn't there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _make_folders(name):
    parts = name.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        folder = "/" + "/".join(parts[:count])
        try:
            os.mkdir(folder)
        except OSError:
            os.stat(folder)  # raises if it is missing for another reason than being there


def _write_if_new(path, content):
    if read(path) != content:
        with open(path, "wb") as file:
            file.write(content)
