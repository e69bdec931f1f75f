"""Read a stream and note when each piece arrives."""

import dataclasses
import json
import time

import pycurl


@dataclasses.dataclass
class Reading:
    """The result of reading a stream: the time (seconds, one clock) of each read, and the data.

    `to_headers` and `to_first` are seconds from the request's start.
    """

    status: int
    http: str
    headers: dict[str, str]
    times: list[float]
    body: bytes
    error: str
    to_headers: float = 0
    to_first: float = 0

    @property
    def spread(self) -> float:
        """Seconds from the first read to the last."""
        return self.times[-1] - self.times[0]

    def json(self) -> object:
        """The body, parsed."""
        return json.loads(self.body)


VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
}


def prepare(
    url: str, *, name: str = "", gzip: bool = False, http2: bool = False, timeout: int = 60
) -> pycurl.Curl:
    """Make a handle that reads `url`. `name` is the server name to use with the URL's address."""
    curl = pycurl.Curl()
    curl.reading = Reading(0, "", {}, [], b"", "")

    started = time.monotonic()

    def on_body(data: bytes) -> None:
        curl.reading.times.append(time.monotonic())
        curl.reading.to_first = curl.reading.to_first or curl.reading.times[0] - started
        curl.reading.body += data

    def on_header(line: bytes) -> None:
        if not line.strip() and not curl.reading.to_headers:
            curl.reading.to_headers = time.monotonic() - started
        key, colon, value = line.decode("latin-1").partition(":")
        if colon:
            curl.reading.headers[key.lower()] = value.strip()

    if name:
        scheme, _, rest = url.partition("://")
        address, _, path = rest.partition("/")
        host, _, port = address.partition(":")
        curl.setopt(pycurl.CONNECT_TO, [f"{name}:{port}:{host}:{port}"])
        url = f"{scheme}://{name}:{port}/{path}"
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.WRITEFUNCTION, on_body)
    curl.setopt(pycurl.HEADERFUNCTION, on_header)
    curl.setopt(pycurl.TIMEOUT, timeout)
    curl.setopt(pycurl.SSL_VERIFYPEER, 0)
    curl.setopt(pycurl.SSL_VERIFYHOST, 0)
    version = pycurl.CURL_HTTP_VERSION_2TLS if http2 else pycurl.CURL_HTTP_VERSION_1_1
    curl.setopt(pycurl.HTTP_VERSION, version)
    if gzip:  # requested, but not decoded
        curl.setopt(pycurl.HTTPHEADER, ["Accept-Encoding: gzip"])
    return curl


def finish(curl: pycurl.Curl, error: str = "") -> Reading:
    """Return the result of a handle that has finished."""
    reading = curl.reading
    reading.status = curl.getinfo(pycurl.RESPONSE_CODE)
    reading.http = VERSIONS.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "?")
    reading.error = error
    curl.close()
    return reading


def read(url: str, **options: object) -> Reading:
    """Read one stream to its end."""
    curl = prepare(url, **options)
    try:
        curl.perform()
    except pycurl.error as error:
        return finish(curl, str(error.args[1]))
    return finish(curl)


def read_many(urls: list[str], **options: object) -> list[Reading]:
    """Open all streams at once, and read each to its end."""
    multi = pycurl.CurlMulti()
    curls = [prepare(url, **options) for url in urls]
    for curl in curls:
        multi.add_handle(curl)
    errors: dict[pycurl.Curl, str] = {}
    running = len(curls)
    while running:
        _, running = multi.perform()
        multi.select(0.1)
        _, _, failed = multi.info_read()
        errors |= {curl: message for curl, _, message in failed}
    for curl in curls:
        multi.remove_handle(curl)
    return [finish(curl, errors.get(curl, "")) for curl in curls]
