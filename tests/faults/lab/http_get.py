"""GET on loopback, for the admin and monitoring ports."""

import json
import urllib.error
import urllib.request


def get(port, path, seconds=2):
    """(status, body), or (0, "") if nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except OSError:
        return 0, ""


def get_json(port, path):
    status, body = get(port, path)
    if status != 200:
        raise ConnectionError(f"{path} answered {status}")
    return json.loads(body)
