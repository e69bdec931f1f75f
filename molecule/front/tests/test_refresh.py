"""The timer keeps the list of addresses: a good one is taken, a bad one changes nothing."""

from __future__ import annotations

import time

import pytest
from edgehost import FILES, REFRESH, Edge, refresh
from streamclient import Reading, Stream
from testhost import nginx_workers, until
from testinfra.host import Host


def assert_logged(host: Host, *words: str) -> None:
    """The last run has said this. The journal may have it later than systemd has the run's end."""
    deadline = time.monotonic() + 20
    while True:
        said = host.check_output("journalctl --no-pager -o cat -t streaming_api-edge -n 4")
        if all(word in said for word in words):
            return
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


def test_the_host_began_with_the_current_list(host: Host, edge: Edge) -> None:
    """Not with the one that the role brings, which the first deploy has replaced at once."""
    said = host.check_output(FILES)
    assert f"{edge.address}/32 1;" in said and f"set_real_ip_from {edge.address}/32;" in said
    assert "104.16.0.0/13" not in said


def test_there_is_a_timer(host: Host) -> None:
    shown = "systemctl show streaming_api-edge.timer -p ActiveState,UnitFileState,NextElapseUSecRealtime"
    said = dict(line.split("=", 1) for line in host.check_output(shown).splitlines())
    assert (said["ActiveState"], said["UnitFileState"]) == ("active", "enabled")
    assert said["NextElapseUSecRealtime"]


def test_nobody_in_particular_fetches_it(host: Host) -> None:
    shown = "systemctl show streaming_api-edge-fetch.service -P DynamicUser"
    assert host.check_output(shown) == "yes"
    assert host.check_output("stat -c %U:%a /run/streaming_api-edge.list") == "root:644"


def test_a_good_list_is_taken_and_a_stream_goes_on(host: Host, published: Edge) -> None:
    edge = published
    url = f"http://127.0.0.1:{edge.http}/named/api/stream?count=100000&interval=0.1"
    stream = Stream(url, timeout=0)
    with Reading(stream) as reading:
        before = nginx_workers(host)
        edge.write_list(f"{edge.address}/32\n198.51.100.0/24\n")
        refresh(host)
        reading.goes_on()
    assert "198.51.100.0/24 1;" in host.check_output(FILES)
    assert_logged(host, "The list has changed: 3 networks.")
    assert edge.get("/seen").json()["client"] == edge.reader
    assert stream.is_whole and stream.status == 200
    assert before != nginx_workers(host)


def test_who_is_no_longer_listed_is_refused(host: Host, published: Edge) -> None:
    published.write_list("198.51.100.0/24\n")
    host.check_output(REFRESH)
    # The new workers take over after the reload.
    until(lambda: published.get("/seen").status == 403, 10)


def test_the_same_list_does_not_reload(host: Host) -> None:
    before = nginx_workers(host)
    host.check_output(REFRESH)
    assert nginx_workers(host) == before
    assert_logged(host, "The list has not changed: 2 networks.")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "The list is empty."),
        ("<!doctype html>", "'<!doctype html>' is not a network"),
        ("198.51.100.0/24\n0.0.0.0/0", "'0.0.0.0/0' is too wide"),
        ("198.51.100.0/24 1; } include /etc/passwd", "is not a network"),
    ],
)
def test_a_bad_list_changes_nothing(host: Host, published: Edge, text: str, why: str) -> None:
    before = (host.check_output(FILES), nginx_workers(host))
    published.write_list(text)
    assert host.run(REFRESH).rc != 0
    assert_logged(host, "The last good list stays. https://edge/ips-v4: ", why)
    assert (host.check_output(FILES), nginx_workers(host)) == before
    assert published.get("/seen").status == 200


def test_an_edge_that_is_gone_changes_nothing(host: Host, published: Edge) -> None:
    before = host.check_output(FILES)
    published.host.check_output("mv /srv/lists/ips-v6 /srv/lists/away")
    try:
        assert host.run(REFRESH).rc != 0
        assert_logged(host, "https://edge/ips-v6: HTTP Error 404")
        assert host.check_output(FILES) == before
    finally:
        published.host.check_output("mv /srv/lists/away /srv/lists/ips-v6")


def test_a_list_that_nginx_cannot_test_is_taken_back(host: Host, published: Edge) -> None:
    """Somebody else's site is broken. The list waits until Nginx accepts its files again."""
    before = host.check_output(FILES)
    published.write_list(f"{published.address}/32\n198.51.100.0/24\n")
    host.check_output("echo 'server { listen 80' >/etc/nginx/conf.d/broken.conf")
    try:
        assert host.run(REFRESH).rc != 0
        assert_logged(host, "The last good list stays. nginx -t", "broken.conf")
        assert host.check_output(FILES) == before
    finally:
        host.check_output("rm /etc/nginx/conf.d/broken.conf")


def test_root_takes_nothing_but_networks(host: Host) -> None:
    """Whatever the program that has the network writes, root's program reads it strictly."""
    before = host.check_output(FILES)
    install = "python3 -I /opt/streaming_api/edge/edge_list.py install"
    for text in ("0.0.0.0/0", "192.0.2.0/24; }", "../../etc"):
        host.check_output("printf %%s %s >/tmp/list", text)
        assert host.run(f"{install} /tmp/list").rc == 1
    assert host.check_output(FILES) == before
