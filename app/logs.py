"""Structured logs: one JSON object a line, tied together by a correlation id. Nothing personal is ever logged."""

import logging
import sys
import traceback

import structlog


def configure_logging(*, as_json: bool) -> None:
    """Set up structlog for this process, and let the libraries' warnings through the same door."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Looked up each time: whoever replaces sys.stderr, a test or a supervisor, gets what is logged after.
        logger_factory=lambda *_names: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def describe(error: BaseException) -> dict[str, object]:
    """What may be logged of an exception: kinds and places.

    Never its text: a database error quotes the row, a parser's error quotes its input.
    """
    chain: list[str] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 8:
        chain.append(f"{type(link).__module__}.{type(link).__qualname__}")
        link = link.__cause__ or link.__context__
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return {"error": chain, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}
