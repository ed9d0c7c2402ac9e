"""A link of one's own: here plain HTTP by the standard library, as a stand-in for whatever carries bytes to your device."""

from __future__ import annotations

import http.client
import sys

import espprov


class PlainHttp:
    """One connection, kept open; the device knows its session by a cookie."""

    limits = {"max_request": 4096, "max_response": None}

    def __init__(self, host: str) -> None:
        self._host = host
        self.reconnect()

    def reconnect(self) -> None:
        self._connection = http.client.HTTPConnection(self._host, timeout=10)
        self._cookie = ""

    def exchange(self, endpoint: str, data: bytes) -> bytes:
        headers = {"Content-Type": "application/octet-stream"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        try:
            self._connection.request("POST", f"/{endpoint}", data, headers)
            response = self._connection.getresponse()
            body = response.read()
        except TimeoutError as error:
            raise espprov.fault.TimedOut() from error
        except http.client.RemoteDisconnected as error:
            # How these devices refuse.
            raise espprov.fault.Refused(link_alive=False) from error
        if response.status == 404:
            raise espprov.fault.NoSuchEndpoint()
        if response.status != 200:
            raise espprov.fault.Refused(link_alive=False)
        self._cookie = response.headers.get("Set-Cookie", self._cookie).split(";")[0]
        return body

    def close(self) -> None:
        self._connection.close()


def main(host: str, pop: str, ssid: str, passphrase: str) -> None:
    with espprov.connect(PlainHttp(host), pop=pop) as device:
        print(device.provision(ssid, passphrase).outcome)


if __name__ == "__main__":
    main(*sys.argv[1:])
