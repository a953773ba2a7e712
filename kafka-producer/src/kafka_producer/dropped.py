"""What the watch knows of a file in the folder while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kafka_producer.compared import Parted
from kafka_producer.drop_folder import Entry, Signature
from kafka_producer.examine import Examined
from kafka_producer.follow import Follower
from kafka_producer.ledger import File, FileState
from kafka_producer.position import Position


@dataclass
class Followed:
    """A log in a file, being sent."""

    found: Examined
    follower: Follower
    quiet_since: int
    has_more: bool = True
    kept: int = 0
    """How far the ledger knows it to be read."""
    end: Position | None = None
    """Where the log was when the file was read to its end."""

    @property
    def is_live(self) -> bool:
        return self.follower.log.mode == "live"

    def can_become(self, signature: Signature) -> bool:
        """Whether the file, as it is now, may be what was read of it, only longer."""
        return self.found.content.can_grow and not self.follower.is_ended and signature.size >= self.follower.position


@dataclass
class Dropped:
    """One file in the folder."""

    entry: Entry
    since: int
    """When its signature was first seen."""
    look_at: int | None = 0
    """When to examine it; None: not before it changes."""
    ask_at: int = 0
    """When to ask again what is pending."""
    is_queued: bool = False
    began: int = 0
    """When it was examined last."""
    effort: int = 0
    """How long that took, where it took long; all in microseconds."""
    has_grown: bool = False
    is_gone: bool = False
    pending: list[Examined] = field(default_factory=list)
    """Logs in it that wait for their turn."""
    followed: list[Followed] = field(default_factory=list)
    fingerprints: dict[str, str] = field(default_factory=dict)
    """By the name of the file or member: the log that it held last."""
    parted: dict[str, tuple[str, Parted]] = field(default_factory=dict)
    """Likewise, the log that it turned out not to be."""
    used: frozenset[str] = frozenset()
    """Names of what was sent in an earlier life of the process, and is the same since."""

    @property
    def is_idle(self) -> bool:
        return not (self.followed or self.pending or self.is_queued)

    def recall(self, files: Sequence[File]) -> None:
        """What was made of it in an earlier life. Of what gave no reading, the settings may say more by now."""
        self.fingerprints = {file.name: file.fingerprint for file in files if file.fingerprint}
        if files and all(file.signature == self.entry.signature for file in files):
            self.used = frozenset(file.name for file in files if file.state == "done" and file.rows)
            if len(self.used) == len(files):
                self.look_at = None

    def is_due(self, now: int) -> bool:
        """To be examined."""
        return self.is_idle and self.look_at is not None and self.look_at <= now

    def clock_set_back(self, now: int) -> None:
        """Nothing waits until the clock has caught up."""
        self.since, self.began, self.ask_at = min(self.since, now), min(self.began, now), min(self.ask_at, now)
        self.look_at = min(self.look_at, now) if self.look_at is not None else None
        for followed in self.followed:
            followed.quiet_since = min(followed.quiet_since, now)

    def file(self, name: str, state: FileState, now: int) -> File:
        return File(name, self.entry.name, self.entry.signature, state, self.fingerprints.get(name), updated=now)

    def followed_file(self, followed: Followed, state: FileState, now: int) -> File:
        follower = followed.follower
        # Until it was read to its end, about as many as were counted when it was examined.
        rows = follower.rows if state == "done" else max(follower.rows, followed.found.lines)
        gpu = follower.log.stream.gpu
        return self.file(follower.content.name, state, now)._replace(gpu=gpu, read=follower.position, rows=rows)
