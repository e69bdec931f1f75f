# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The monitor: it measures the streams of all apps on a host, again and again.

    values      what it finds out, as values
    wanted      what it is asked to watch: one file for each app
    rounds      one round of measurements of an app
    state       the releases on the host: live or draining, their connections and memory
    groups      the processes and the memory of services, by control groups
    certificate the end of the certificate that Nginx shows
    marks       what happened between two states
    counts      what the apps count of their own streams
    stream_slots  the files that they count in; the releases have it too
    history     what it found out, in SQLite
    exposition  the same as metrics of Prometheus
    page        the same as a page for people
    server      answers HTTP on the loopback address
    push        the same, pushed to an OpenTelemetry collector
    watch       the service: a thread for each app

It runs on the host with the distribution's Python, without Ansible. It may use the packages
python3-pycurl and python3-prometheus-client, and of this project only ``latency`` and ``deploy``.
"""
