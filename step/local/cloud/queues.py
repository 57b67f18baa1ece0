"""moto's queues, mended: to send a message takes no longer where many are waiting.

Knows moto's queues. It counted all messages of a queue, several times, for each that was sent.
"""

from __future__ import annotations

from typing import Any


def mend_queues() -> None:
    """Let moto's queues take messages so from now on."""
    from moto.sqs.models import Queue, SQSBackend

    send, attributes = SQSBackend.send_message, Queue.attributes
    if send.__module__ == __name__:
        return

    def send_message(backend: Any, queue_name: str, *args: Any, **more: Any) -> Any:
        queue = backend.get_queue(queue_name)
        queue.is_sent_to = True
        try:
            return send(backend, queue_name, *args, **more)
        finally:
            queue.is_sent_to = False

    def attributes_of(queue: Any) -> Any:
        if not getattr(queue, "is_sent_to", False):
            return attributes.fget(queue)  # type: ignore[attr-defined]  # a property
        # All that sending asks for.
        name = "ContentBasedDeduplication"
        return {name: str(queue.content_based_deduplication).lower()} if queue.fifo_queue else {}

    SQSBackend.send_message = send_message  # type: ignore[assignment, method-assign]  # there is no other place for it
    Queue.attributes = property(attributes_of)  # type: ignore[assignment, method-assign]  # nor for this
