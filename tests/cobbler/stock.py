"""Runs on the machine "cobbler": a distro, two profiles, nothing else. Standard input: `lab status --json`."""
import os
import sys
import xmlrpc.client

server = xmlrpc.client.ServerProxy("http://127.0.0.1:25151")
token = server.login("cobbler", "cobbler")
os.makedirs("/srv/distro", exist_ok=True)
kernel, initrd = "/srv/distro/vmlinuz-6.1-lab", "/srv/distro/initrd-6.1-lab.img"
for path in (kernel, initrd):
    with open(path, "wb") as file:
        file.write(os.urandom(4096))
# The newest Debian that this Cobbler's signatures know.
assert "bullseye" in server.get_valid_os_versions_for_breed("debian")


def make(kind, values):
    handle = getattr(server, "new_" + kind)(token)
    for name, value in values.items():
        assert getattr(server, "modify_" + kind)(handle, name, value, token), name
    assert getattr(server, "save_" + kind)(handle, token, "new")


make("distro", {"name": "debian-lab", "kernel": kernel, "initrd": initrd, "breed": "debian", "os_version": "bullseye", "arch": "x86_64"})
for name in ("plain", "openstack"):
    make("profile", {"name": name, "distro": "debian-lab", "autoinstall": "sample.seed"})
sys.exit(0)
