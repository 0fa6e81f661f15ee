"""Prompts that are read once: the client of Refrain's prompt-KV database."""

from .client import PromptCacheClient, PromptMetadata
from .errors import CacheError, PromptMismatch, PromptNotFound, UploadRefused
from .models import RefrainEngine
from .pipeline import Pipeline, pipeline

__all__ = [
    "CacheError",
    "Pipeline",
    "PromptCacheClient",
    "PromptMetadata",
    "PromptMismatch",
    "PromptNotFound",
    "RefrainEngine",
    "UploadRefused",
    "pipeline",
]
