"""A manifest belongs to one sandbox that runs; posts over a socket are answered by one path."""

import asyncio
import os

import orjson
import pytest

from router.compose.sandbox import lone_config, sandboxes, serve_hyperliquid
from router.domain.error import ConfigError
from tests.unit.sandbox.hyperliquid_harness import desk
from venues.sandbox.hyperliquid import ManifestTakenError, SandboxConfig, remove_leftover, serve
from venues.sandbox.hyperliquid.config import LimitConfig
from venues.sandbox.hyperliquid.service import limits
from venues.sandbox.hyperliquid.service.posts import Posts
from venues.sandbox.hyperliquid.service.serving import kept
from venues.sandbox.hyperliquid.service.stream import Stream

LONE = {"port": 0, "block_time_s": 0.0, "time_factor": 1, "scene": "none"}


def test_a_manifest_of_a_running_sandbox_is_neither_removed_nor_replaced(tmp_path):
    path = tmp_path / "hyperliquid.json"

    with kept(path):
        path.write_text("the first one's")
        with pytest.raises(ManifestTakenError, match="belongs to a sandbox that is running"):
            serve(SandboxConfig(), manifest_path=path)
        with pytest.raises(ConfigError, match="take another directory"):
            serve_hyperliquid(tmp_path, seed=7, on_ready=print, **LONE)
        with (
            pytest.raises(ConfigError, match="take another directory"),
            sandboxes(tmp_path, seed=7, block_time_s=None),
        ):
            pass
        assert path.read_text() == "the first one's"

    assert not path.exists()


def test_a_manifest_that_was_left_by_a_killed_sandbox_is_removed(tmp_path):
    path = tmp_path / "hyperliquid.json"
    path.write_bytes(orjson.dumps({"url": "http://127.0.0.1:1", "pid": os.getpid()}))

    with kept(path):
        assert not path.exists()
    path.write_bytes(b"{}")
    remove_leftover(path)
    assert not path.exists()


def test_a_directory_is_free_again_after_a_sandbox_failed(tmp_path):
    path = tmp_path / "hyperliquid.json"

    def fail():
        with kept(path):
            path.write_text("mine")
            raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            fail()
        assert not path.exists()


def test_the_sandbox_that_is_served_by_itself_paces_its_books_as_the_venue_does():
    assert lone_config(7, **LONE).book_interval_ms == 500


def heard_after(messages, serve_post):
    """Return the frames that answer what was said over one socket, and what `Posts` left alone."""

    async def conversation():
        frames = []
        posts = Posts(serve_post, frames.extend, limits.Limits(LimitConfig()).of("here"))
        texts = [orjson.dumps(message).decode() for message in messages]
        left = [text for text in texts if not posts.receive(text)]
        await asyncio.sleep(0)
        await posts.close()
        return [orjson.loads(frame) for frame in frames], left

    return asyncio.run(conversation())


def test_a_post_is_answered_under_its_number():
    async def echo(request):
        return {"type": "info", "payload": request}

    frames, left = heard_after([{"method": "post", "id": 5, "request": {"x": 1}}], echo)

    response = {"type": "info", "payload": {"x": 1}}
    assert frames == [{"channel": "post", "data": {"id": 5, "response": response}}]
    assert left == []


def test_a_post_without_an_answer_is_silent():
    async def silence(_):
        return None

    assert heard_after([{"method": "post", "id": 5, "request": {}}], silence) == ([], [])


def test_what_is_no_post_is_the_stream_s_and_a_post_without_a_number_no_request_at_all():
    async def never(request):
        raise AssertionError(request)

    _, (text,) = heard_after([{"method": "post", "id": "5", "request": {}}], never)

    (frame,) = Stream(desk().venue).receive(text)
    problem = f"Error parsing JSON into valid websocket request: {text}"
    assert orjson.loads(frame) == {"channel": "error", "data": problem}
