"""A first request as SOFMEX's customers send it."""

import shlex
from urllib.parse import urlencode

from palomar.apidocs.samples import PASSWORD, Sample, SampleValues, as_json, curl, python_post


def sample(values: SampleValues) -> Sample:
    """Write a ``POST /sms/v3/asignacion`` with a token: a known one, else one that ``/login`` gives."""
    url = f"{values.url}/sms/v3/asignacion"
    body = {"registros": [{"telefono": values.number, "mensaje": values.text}]}
    data = ("-H 'Content-Type: application/json'", f"-d {shlex.quote(as_json(body))}")
    if values.token:
        bearer = f"Bearer {values.token}"
        return Sample(
            curl=curl(url, f"-H {shlex.quote(f'Authorization: {bearer}')}", *data),
            python=python_post(url, {"Authorization": repr(bearer)}, body),
        )
    login = f"{values.url}/login?" + urlencode({"username": values.login, "password": values.password or PASSWORD})
    return Sample(
        curl=f"TOKEN=$(curl -s -X POST {shlex.quote(login)} \\\n"
        """  | python3 -c 'import json, sys; print(json.load(sys.stdin)["message"])')\n"""
        + curl(url, '-H "Authorization: Bearer $TOKEN"', *data),
        python=_log_in(login) + python_post(url, {"Authorization": '"Bearer " + token'}, body),
    )


def _log_in(url: str) -> str:
    return f"""\
import json
import urllib.request

login = urllib.request.Request({url!r}, b"")
token = json.load(urllib.request.urlopen(login))["message"]

"""
