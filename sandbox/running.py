"""Start to stop of the one-machine run; used by ``make run`` and by the end-to-end tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sandbox.configuration import Options, Run
from sandbox.deployment import deploy
from sandbox.heartbeats import Heartbeats
from sandbox.pages import PageServer
from sandbox.processes import Emulator, check_machine
from sandbox.provider.process import ProviderProcess
from sandbox.seeding import PHYSICAL_TABLES, USERS, add_user, bind_tables, start_tables
from sandbox.video import Video, check_tables


@contextmanager
def sandbox(options: Options, say: Callable[[str], None]) -> Iterator[Run]:
    """Yield a running platform; whatever happens, nothing of it is left running afterwards.

    Raises:
        SandboxError: with what the person at the keyboard can do about it.
    """
    check_machine(options)
    check_tables(options.video_tables)
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    os.environ.update(options.environment())
    with ExitStack() as stack:
        emulator = Emulator(options)
        stack.callback(emulator.stop)
        say("starting the AWS emulator")
        emulator.start()
        provider = ProviderProcess(options)
        stack.callback(provider.stop)
        provider.start()
        say("deploying the CDK app into it")
        outputs = deploy(options, provider.url)
        provider.connect(outputs)
        say("adding users and wallets")
        bind_tables(outputs)
        for user in USERS:
            add_user(user, outputs)
        pages = PageServer(options, outputs)
        pages.start()
        stack.callback(pages.stop)
        heartbeats = Heartbeats(PHYSICAL_TABLES, options.heartbeat_seconds)
        heartbeats.start()
        stack.callback(heartbeats.stop)
        if options.video_tables:
            say("starting the video server and studios")
            video = Video(options, outputs)
            stack.callback(video.stop)
            video.start()
        say("starting tables")
        start_tables(options, outputs)
        video_url = options.video_url if options.video_tables else ""
        run = Run(options.endpoint, options.page_url, outputs, video_url)
        run.save(options.folder)
        stack.callback((options.folder / "run.json").unlink)
        yield run
