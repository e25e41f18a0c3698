"""JSON as answers and our own files have it: without spaces, letters beyond ASCII as they are."""

import json
from typing import Any


def write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
