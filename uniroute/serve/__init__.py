"""The gateway: a router in front of endpoints that speak OpenAI's form.

``python -m uniroute serve router.uniroute --config models.yaml`` takes requests at
``/v1/chat/completions`` and ``/v1/completions``, decides by the router which LLM answers, and
passes the answer through. It needs the extra `serve`; the routers need nothing of it. `read_config`
says what the file holds, `Gateway` what is done with a request and what it does for safety.
"""

import logging

from uniroute.serve.config import Config, Model, read_config
from uniroute.serve.gateway import Gateway
from uniroute.serve.local import FakeEndpoint, running

__all__ = ["Config", "FakeEndpoint", "Gateway", "Model", "read_config", "running"]

logging.getLogger("uniroute.serve").addHandler(logging.NullHandler())
