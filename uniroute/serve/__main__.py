"""``python -m uniroute serve router.uniroute --config models.yaml``."""

import argparse
import logging
import sys

import uvicorn

from uniroute.serve.gateway import Gateway
from uniroute.serve.redact import Redact

__all__ = []

GRACE = 25  # seconds that answers under way have to end, once the process is told to stop


def main(argv=None):
    """Serve until the process is told to stop; return its exit status."""
    given = _parser().parse_args(argv)
    try:
        gateway = Gateway(given.router, given.config)
    except (ValueError, OSError, KeyError, ImportError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Redact(lambda: gateway.secrets))
    logging.basicConfig(level=given.log_level.upper(), handlers=[handler])
    logging.captureWarnings(True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request: ours says more
    uvicorn.run(
        gateway.app,
        host=given.host,
        port=given.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        limit_concurrency=gateway.serving.config.requests,
    )
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        "python -m uniroute serve", description="A router in front of endpoints in OpenAI's form."
    )
    parser.add_argument("router", help="what UniRoute.save wrote")
    parser.add_argument("--config", required=True, help="endpoints, names of keys, prices (YAML)")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning"])
    return parser


if __name__ == "__main__":
    sys.exit(main())
