"""Verifying the log from what it publishes (C2SP tlog-tiles): a folder of tiles, or the hub's public address.

    python -m app.audit.verify_tiles SOURCE --key KEY [--kept CHECKPOINT] [--token TOKEN]

Anybody can follow the hashes; the entries under them are for auditors, who give a token. Without one the outcome
says so. It ends as `app.audit.verify` does.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from app.audit.canonical import is_canonical
from app.audit.checkpoint import Checkpoint, open_checkpoint
from app.audit.kept import Kept
from app.audit.note import MalformedKey, NoteError, SignatureWrong, read_note
from app.audit.policy import MalformedPolicy, Policy
from app.audit.tiles import Tile, entries_in, hashes_in, root_of_tile, tiles_at
from app.audit.tree import TILE_WIDTH, CompactRange, Span, leaf_hash
from app.audit.trust import read_kept, read_trust
from app.audit.verdict import UNTRUE, Statement, Verdict, unusable
from app.audit.witnessed import tell_of_witnesses

Fetch = Callable[[str], bytes]
"""Gives what is published under a path; OSError when there is nothing, or not for this reader."""

_MOST_BYTES = TILE_WIDTH * (2 + 65_535)
_SECONDS = 30


def verify_tiles(fetch: Fetch, policy: Policy, kept: Checkpoint | None = None) -> Verdict:
    """Read all tiles from left to right; as far as they can be had, the entries, too."""
    verdict = Verdict()
    checkpoint = _checkpoint(fetch, policy, verdict)
    if checkpoint is not None:
        verdict.checkpoint = checkpoint
        _Reading(verdict, checkpoint, fetch, Kept(verdict, kept)).read()
        verdict.not_proven.append(UNTRUE)
    return verdict


def _checkpoint(fetch: Fetch, policy: Policy, verdict: Verdict) -> Checkpoint | None:
    try:
        note = fetch("checkpoint").decode()
        checkpoint = open_checkpoint(note, *policy.log_keys)
        tell_of_witnesses(read_note(note), checkpoint, policy, verdict)
    except OSError as error:
        verdict.fault(f"无法取得检查点：{error}", f"The checkpoint cannot be had: {error}")
    except SignatureWrong:
        verdict.fault("检查点签名错误。", "The checkpoint's signature is wrong.")
    except (NoteError, UnicodeDecodeError):
        verdict.fault("检查点不是由该密钥签署。", "The checkpoint was not signed by this key.")
    else:
        return checkpoint
    return None


class _Reading:
    def __init__(self, verdict: Verdict, checkpoint: Checkpoint, fetch: Fetch, kept: Kept) -> None:
        self._verdict = verdict
        self._checkpoint = checkpoint
        self._fetch = fetch
        self._kept = kept
        self._tree = CompactRange()
        self._levels: list[list[bytes]] = []
        """Roots of full tiles, by level, as they follow from the tiles below; the first list is of level 1."""

        self._entries_refused = False

    def read(self) -> None:
        whole = all(map(self._leaves, tiles_at(0, self._checkpoint.size)))
        whole = whole and all(self._higher(level) for level in range(1, len(self._levels) + 1))
        if whole and self._tree.root() != self._checkpoint.root:
            whole = False
            self._verdict.fault(
                "哈希块得不出所签的根哈希。",
                "The tiles do not lead to the signed root.",
                Span(0, self._checkpoint.size),
            )
        if whole:
            self._conclude()
        self._kept.conclude(self._checkpoint, followed=whole)

    def _leaves(self, tile: Tile) -> bool:
        try:
            hashes = hashes_in(self._fetch(tile.path), tile.width)
        except (OSError, ValueError):
            return self._lost(tile)
        for value in hashes:
            self._tree.append(value)
            if self._kept.is_reached_at(self._tree.size):
                self._kept.compare({self._tree.root()}, since=0)
        if tile.width == TILE_WIDTH:
            self._complete(1, root_of_tile(hashes))
        if not self._entries_refused:
            self._entries(tile, hashes)
        return True

    def _complete(self, level: int, root: bytes) -> None:
        if len(self._levels) < level:
            self._levels.append([])
        roots = self._levels[level - 1]
        roots.append(root)
        if len(roots) % TILE_WIDTH == 0:
            self._complete(level + 1, root_of_tile(roots[-TILE_WIDTH:]))

    def _entries(self, tile: Tile, hashes: Sequence[bytes]) -> None:
        start = tile.index * TILE_WIDTH
        bundle = Tile(None, tile.index, tile.width)
        try:
            entries = entries_in(self._fetch(bundle.path), bundle.width)
        except OSError:
            self._entries_refused = True
            return
        except ValueError:
            self._verdict.fault(
                f"{bundle.path} 已损坏。", f"{bundle.path} is damaged.", Span(start, start + bundle.width)
            )
            return
        for index, (entry, listed) in enumerate(zip(entries, hashes, strict=True), start=start):
            if leaf_hash(entry) != listed or not is_canonical(entry):
                self._verdict.fault(
                    f"第 {index} 号记录与其叶哈希不符或格式不规范。",
                    f"Entry {index} does not fit its leaf hash, or is not in the canonical form.",
                    Span(index, index + 1),
                )
                return
            self._verdict.entries += 1

    def _higher(self, level: int) -> bool:
        roots = self._levels[level - 1]
        for tile in tiles_at(level, len(roots)):
            start = tile.index * TILE_WIDTH
            try:
                listed = hashes_in(self._fetch(tile.path), tile.width)
            except (OSError, ValueError):
                return self._lost(tile)
            for place, (one, other) in enumerate(
                zip(listed, roots[start : start + tile.width], strict=True), start=start
            ):
                if one != other:
                    width = TILE_WIDTH**level
                    self._verdict.fault(
                        f"{tile.path} 与其下层不符。",
                        f"{tile.path} does not follow from the tiles below it.",
                        Span(place * width, (place + 1) * width),
                    )
                    return False
        return True

    def _lost(self, tile: Tile) -> bool:
        width = TILE_WIDTH ** (tile.level or 0)
        start = tile.index * TILE_WIDTH * width
        self._verdict.fault(
            f"{tile.path} 缺失或已损坏。",
            f"{tile.path} is missing or damaged.",
            Span(start, start + tile.width * width),
        )
        return False

    def _conclude(self) -> None:
        origin, size = self._checkpoint.origin, self._checkpoint.size
        self._verdict.proven.append(
            Statement(
                f"公开的哈希块得出 {origin} 大小为 {size} 的检查点。",
                f"The published tiles lead to the checkpoint of size {size} that {origin} signed.",
            )
        )
        if self._entries_refused:
            self._verdict.not_proven.append(
                Statement(
                    "记录本身：未取得（仅供审计人员）；只核对了哈希。",
                    "The entries themselves: they were not to be had (they are for auditors); only hashes were checked.",
                )
            )
        elif size and self._verdict.entries == size:
            self._verdict.proven.append(
                Statement(
                    f"全部 {size} 条记录与哈希块相符，格式规范。",
                    f"All {size} entries fit the tiles and are in the canonical form.",
                )
            )


def from_folder(folder: Path) -> Fetch:
    """Tiles as files, as any mirror of a log keeps them."""

    def fetch(path: str) -> bytes:
        with (folder / path).open("rb") as file:
            return file.read(_MOST_BYTES)

    return fetch


def from_address(prefix: str, token: str | None = None) -> Fetch:
    """Over HTTP; ValueError for another address."""
    if not prefix.startswith(("https://", "http://")):
        raise ValueError("an http or https address is expected")

    def fetch(path: str) -> bytes:
        request = Request(f"{prefix.rstrip('/')}/{path}")  # noqa: S310 - http and https only, see above
        if token is not None and path.startswith("tile/entries/"):
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - as above
                body: bytes = response.read(_MOST_BYTES)
        except HTTPException as error:
            raise URLError(error) from error
        return body

    return fetch


def verify_published(
    source: str, keys: Sequence[str], kept: Path | None = None, token: str | None = None
) -> Verdict:
    """As `verify_tiles`, from a folder or an address; what cannot be opened is unusable."""
    try:
        policy = read_trust(keys).policy
        known = None if kept is None else read_kept(kept, policy)
        folder = Path(source)
        fetch = from_folder(folder) if folder.is_dir() else from_address(source, token)
    except (NoteError, MalformedKey, MalformedPolicy, ValueError, OSError) as error:
        return unusable(f"输入不可用：{error}", f"The input cannot be used: {error}")
    return verify_tiles(fetch, policy, known)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m app.audit.verify_tiles",
        description="核验公开的哈希块 / Verify the log from its published tiles.",
    )
    parser.add_argument("source", help="文件夹或网址 / a folder or an address")
    parser.add_argument(
        "--key", action="append", required=True, help="公钥或见证策略 / verifier key or policy"
    )
    parser.add_argument("--kept", type=Path, help="您保存的检查点 / a checkpoint that you kept")
    parser.add_argument("--token", help="审计访问令牌 / an auditor's access token")
    given = parser.parse_args(arguments)
    verdict = verify_published(given.source, given.key, given.kept, given.token)
    print(verdict.render())  # noqa: T201 - the program's answer
    return verdict.outcome


if __name__ == "__main__":
    sys.exit(main())
