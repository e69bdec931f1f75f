"""What every location has without a word: the settings and the headers of the original write-up.

One header differs: the write-up passes on what the reader claims in X-Forwarded-For.

The template tests look for them in what is rendered, the scenarios in what Nginx runs with.
"""

ORIGINAL = """
proxy_buffering off;
proxy_cache off;
proxy_http_version 1.1;
chunked_transfer_encoding off;
proxy_read_timeout 300s;
proxy_send_timeout 300s;
gzip off;
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme;
""".strip().splitlines()
