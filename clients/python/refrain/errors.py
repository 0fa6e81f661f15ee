"""What can go wrong, by cause."""


class CacheError(RuntimeError):
    """The cache cannot do what was asked."""


class PromptNotFound(CacheError, KeyError):
    """No prompt of that name is kept for this model."""

    def __str__(self):
        return self.args[0] if self.args else ""


class PromptMismatch(CacheError):
    """The KV is of another model, or is damaged."""


class UploadRefused(CacheError):
    """The server refused an upload; `status` is its HTTP status."""

    def __init__(self, status, reason):
        super().__init__(f"upload refused with {status}: {reason}")
        self.status = status
