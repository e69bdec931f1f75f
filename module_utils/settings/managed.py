# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names in a mapping that the role sets itself, and what to use instead or why."""

from __future__ import annotations

# In the settings of a process of streaming_api_processes.
OF_A_PROCESS: dict[str, str] = {
    "Type": "a process is up when it runs",
    "ExecStart": "use command",
    "User": "use streaming_api_user",
    "Environment": "use streaming_api_environment",
    "EnvironmentFile": "use streaming_api_environment and streaming_api_secrets",
    "WorkingDirectory": "a process runs in its release's directory",
    "Restart": "a process that ends starts again",
    "KillSignal": "use stop_signal",
    "TimeoutStopSec": "use stop_timeout",
    "KillMode": "what a process has started must end with it",
    "SendSIGKILL": "what a process has started must end with it",
}

MANAGED: dict[str, dict[str, str]] = {
    "streaming_api_gunicorn_settings": {
        "bind": "the release has a socket unit",
        "workers": "use streaming_api_gunicorn_workers",
        "worker_class": "use streaming_api_gunicorn_worker_class",
        "timeout": "use streaming_api_gunicorn_worker_timeout",
        "graceful_timeout": "use streaming_api_stop_timeout",
        "backlog": "it is as long as Nginx can fill it",
        "max_requests": "a worker that restarts cuts its streams",
        "max_requests_jitter": "a worker that restarts cuts its streams",
        "control_socket": "the unit's sandbox has no place for it",
        "control_socket_disable": "the unit's sandbox has no place for it",
        "wsgi_app": "use streaming_api_app",
        "root_path": "use streaming_api_root_path",
        "raw_env": "use streaming_api_environment",
        "user": "use streaming_api_user",
        "group": "use streaming_api_user",
        "chdir": "the app runs in its release's directory",
        "daemon": "systemd runs it in the foreground",
        "pidfile": "systemd knows the process",
        "reload": "a running release never changes",
        "certfile": "use streaming_api_tls_certificate",
        "keyfile": "use streaming_api_tls_key",
    },
    "streaming_api_service_settings": {
        "Type": "Gunicorn tells systemd when it is ready",
        "ExecStart": "use streaming_api_app",
        "User": "use streaming_api_user",
        "Environment": "use streaming_api_environment",
        "EnvironmentFile": "use streaming_api_environment and streaming_api_secrets",
        "TimeoutStartSec": "use streaming_api_start_timeout",
        "TimeoutStopSec": "use streaming_api_stop_timeout",
        "WorkingDirectory": "the app runs in its release's directory",
        "RuntimeDirectory": "all releases share it, and the first one that ends removes it",
        "KillMode": "Gunicorn tells its workers to finish",
    },
    "streaming_api_build_settings": {
        "User": "the build has a user of its own",
        "Environment": "use streaming_api_build_environment",
        "EnvironmentFile": "use streaming_api_build_environment",
        "WorkingDirectory": "the build runs in its release's directory",
        "RuntimeMaxSec": "use streaming_api_build_timeout",
        "MemoryMax": "use streaming_api_build_memory_max",
        "TasksMax": "use streaming_api_build_tasks_max",
    },
    "streaming_api_environment": {"GUNICORN_CMD_ARGS": "use streaming_api_gunicorn_settings"},
    "streaming_api_secrets": {"GUNICORN_CMD_ARGS": "use streaming_api_gunicorn_settings"},
}
