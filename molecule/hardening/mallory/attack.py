"""Attacks on the host and on another app. Each returns what it got; an error stopped it."""

import ctypes
import fcntl
import glob
import os
import socket
import subprocess
import sys
import time

HOME = "/srv/mallory"
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # the release's directory
VICTIM = "/srv/victim"


def read(pattern):
    """Read files of the other app."""
    found = glob.glob(pattern)
    if not found and "*" not in pattern:
        found = [pattern]
    for path in found:
        with open(path) as file:
            return file.read()
    raise OSError(f"nothing is {pattern}")


def redirect(path, target):
    """Put a link in the place of a file that root reads."""
    aside = f"{path}.aside"
    os.rename(path, aside)
    os.symlink(target, path)
    return f"{path} -> {target}"


def replace(path):
    """Write a file of the release that root or systemd read."""
    with open(path, "a") as file:
        file.write("# attacked\n")
    return path


def earlier(below):
    """Change a release that is finished."""
    for path in glob.glob(f"{HOME}/releases/*/{below}"):
        if not path.startswith(HERE):
            return replace(path)
    raise OSError("there is no other release")


def earlier_directory():
    """Put a file into a release that is finished."""
    for path in glob.glob(f"{HOME}/releases/*/venv/lib/python3*/site-packages"):
        if not path.startswith(HERE):
            return replace(f"{path}/sitecustomize.py")
    raise OSError("there is no other release")


def processes():
    """See the processes of others."""
    mine = os.getuid()
    found = [
        pid
        for pid in os.listdir("/proc")
        if pid.isdigit() and os.stat(f"/proc/{pid}").st_uid != mine
    ]
    if not found:
        raise OSError("no process of others is there")
    return found


def write(directory):
    """Write where others can read."""
    path = f"{directory}/mallory-was-here"
    with open(path, "w") as file:
        file.write("x")
    return path


def connect(family, address):
    """Reach a service of the host."""
    with socket.socket(family) as end:
        end.settimeout(3)
        end.connect(address)
    return address


def capabilities():
    """Have any capability, now or after an exec."""
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
    found = {name: status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")}
    if any(int(value, 16) for value in found.values()):
        return found
    if status["NoNewPrivs"].strip() != "1":
        return "new privileges"
    raise OSError("none")


def devices():
    """See a device of the host."""
    harmless = {
        "null",
        "zero",
        "full",
        "random",
        "urandom",
        "tty",
        "ptmx",
        "console",
        "stdin",
        "stdout",
        "stderr",
    }
    import stat

    found = [
        name
        for name in os.listdir("/dev")
        if name not in harmless
        and stat.S_IFMT(os.stat(f"/dev/{name}").st_mode) in (stat.S_IFBLK, stat.S_IFCHR)
    ]
    if not found:
        raise OSError("none")
    return found


def namespace():
    """Become root in a namespace of its own."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
        raise OSError(ctypes.get_errno(), "unshare")
    return "a user namespace"


def setuid():
    """Leave a program that runs as its owner."""
    path = "setuid-program"
    with open(path, "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(path, 0o6755)
    return oct(os.stat(path).st_mode)


def stay():
    """Leave a process behind that writes into the release later."""
    script = "import time; time.sleep(3); open('left-behind', 'w'); time.sleep(3600)"
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    subprocess.Popen([sys.executable, "-c", script], start_new_session=True, **quiet)
    return "started"


def leave_files():
    """Leave files that misdirect whoever takes them over."""
    os.symlink("/etc/shadow", "shadow")
    os.mkfifo("fifo")
    os.mkdir("open-to-all")
    os.chmod("open-to-all", 0o777)
    # user 0 .. all of an ACL: may write, whoever owns the directory
    me = os.getuid()
    entries = [
        (1, 7, 0xFFFFFFFF),
        (2, 7, me),
        (4, 7, 0xFFFFFFFF),
        (16, 7, 0xFFFFFFFF),
        (32, 5, 0xFFFFFFFF),
    ]
    acl = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + who.to_bytes(4, "little")
        for tag, bits, who in entries
    )
    try:
        os.setxattr("open-to-all", "system.posix_acl_access", acl)
        os.setxattr("open-to-all", "system.posix_acl_default", acl)
    except OSError:
        pass  # a file system without them
    return "left"


def lock():
    """Hold the lock of another app's deploys."""
    file = os.open("/run/streaming_api/victim.lock", os.O_RDONLY)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    time.sleep(0.1)
    return "locked"


BOTH = {
    "read another app's environment": lambda: (
        read(f"{VICTIM}/releases/*/env") and read(f"{VICTIM}/current/env")
    ),
    "read another app's environment by its link": lambda: read(f"{VICTIM}/current/env"),
    "read another app's build environment": lambda: read(f"{VICTIM}/build.env"),
    "read another app's settings": lambda: read(f"{VICTIM}/current/gunicorn.conf.py"),
    "read another app's manifest": lambda: read(f"{VICTIM}/current/release.json"),
    "read another app's source": lambda: read(f"{VICTIM}/current/src/main.py"),
    "list another app's releases": lambda: os.listdir(f"{VICTIM}/releases"),
    "list another app's state": lambda: os.listdir("/var/lib/victim"),
    "read another app's record": lambda: read("/etc/streaming_api/victim.json"),
    "read the probe's token": lambda: read("/etc/streaming_api/victim.probe-token"),
    "read its own environment file": lambda: read(f"{HERE}/env"),
    "redirect env": lambda: redirect(f"{HERE}/env", f"{VICTIM}/current/env"),
    "redirect build.env": lambda: redirect(f"{HOME}/build.env", f"{VICTIM}/build.env"),
    "redirect release.json": lambda: redirect(f"{HERE}/release.json", "/etc/shadow"),
    "redirect gunicorn.conf.py": lambda: redirect(f"{HERE}/gunicorn.conf.py", "/etc/shadow"),
    "redirect stream_probe.py": lambda: redirect(f"{HERE}/stream_probe.py", "/etc/shadow"),
    "redirect src": lambda: redirect(f"{HERE}/src", VICTIM),
    "redirect venv": lambda: redirect(f"{HERE}/venv", VICTIM),
    "redirect its release": lambda: redirect(HERE, f"{VICTIM}/current"),
    "redirect current": lambda: redirect(f"{HOME}/current", f"{VICTIM}/current"),
    "redirect its releases": lambda: redirect(f"{HOME}/releases", f"{VICTIM}/releases"),
    "redirect its home": lambda: redirect(HOME, VICTIM),
    "redirect its state": lambda: redirect("/var/lib/mallory", "/var/lib/victim"),
    "redirect its cache directory": lambda: redirect("/var/cache/mallory", "/var/lib/victim"),
    "redirect its socket": lambda: redirect("/run/mallory", "/run/victim"),
    "mark a release as withdrawn": lambda: replace(f"{HERE}/withdrawn"),
    "add a file to its release": lambda: replace(f"{HERE}/new"),
    "write a unit": lambda: replace("/etc/systemd/system/mallory@.service"),
    "write the drain": lambda: replace("/opt/streaming_api/drain/drain.py"),
    "write the record": lambda: replace("/etc/streaming_api/mallory.json"),
    "hold another app's lock": lock,
    "see other processes": processes,
    "have a capability": capabilities,
    "see a device": devices,
    "make a namespace": namespace,
    "ask systemd": lambda: connect(socket.AF_UNIX, "/run/systemd/private"),
    "ask the system bus": lambda: connect(socket.AF_UNIX, "/run/dbus/system_bus_socket"),
    "write to /usr/local": lambda: write("/usr/local/bin"),
    "write to /var/lib": lambda: write("/var/lib"),
    "write to the other app's cache": lambda: write(f"{VICTIM}/cache"),
}

# A build has no business with these.
BUILD = {
    **BOTH,
    "write to /run/lock": lambda: write("/run/lock"),
    "reach Nginx": lambda: connect(socket.AF_INET, ("127.0.0.1", 80)),
    "reach Nginx over IPv6": lambda: connect(socket.AF_INET6, ("::1", 80)),
    "reach another app": lambda: connect(socket.AF_UNIX, glob.glob("/run/victim/*.sock")[0]),
    "write to the state of its app": lambda: write("/var/lib/mallory"),
    "change the source of a finished release": lambda: earlier("src/main.py"),
    "change the programs of a finished release": lambda: earlier("venv/bin/gunicorn"),
    "put a file into a finished release": earlier_directory,
    "leave a setuid program": setuid,
    # These succeed; the tests look at what comes of them.
    "write to /dev/shm": lambda: write("/dev/shm"),
    "leave files": leave_files,
    "stay": stay,
}

APP = {
    **BOTH,
    "change its source": lambda: replace(f"{HERE}/src/main.py"),
    "change its programs": lambda: replace(f"{HERE}/venv/bin/gunicorn"),
    "write to /dev/shm": lambda: write("/dev/shm"),
    "change its interpreter": lambda: redirect(f"{HERE}/venv/bin/python", "/bin/sh"),
}


def run(attacks):
    """What each attack got; the attacks that were stopped are not listed."""
    got = {}
    for name, attempt in attacks.items():
        try:
            got[name] = attempt()
        except (OSError, IndexError):
            continue
    return got
