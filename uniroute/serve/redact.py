"""The last line of defence for keys: whatever a log's record says, they are cut out of it."""

import logging

__all__ = []

HIDDEN = "[key]"


class Redact(logging.Filter):
    """Cut keys out of records: message, arguments and traceback.

    Parameters
    ----------
    secrets : function
        Returns the keys as they are now.
    """

    def __init__(self, secrets):
        super().__init__()
        self.secrets = secrets

    def filter(self, record):
        """Change the record, and let it pass."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        secrets = sorted(self.secrets(), key=len, reverse=True)
        message = record.getMessage()
        if any(secret in message for secret in secrets):
            record.msg, record.args = self._cut(message, secrets), ()
        if record.exc_text:
            record.exc_text = self._cut(record.exc_text, secrets)
        return True

    @staticmethod
    def _cut(text, secrets):
        for secret in secrets:
            text = text.replace(secret, HIDDEN)
        return text
