"""``palomar doctor``, safety: secrets of the trial, missing senders, files that others may read, loopback callbacks."""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from palomar.accounts.known_callers import unknown_proxies
from palomar.accounts.snapshot import load_snapshot
from palomar.app.config import Config
from palomar.app.data_directory import configured_senders
from palomar.app.installation import Note, is_noted
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.cli.trial.first_start import (
    ADMIN_LOGIN,
    CONFIRM_TRIAL,
    DEMO_LOGIN,
    RESET_ADMIN,
    has_sent_for_real,
    is_first_admin_password,
    trial_account,
)
from palomar.clock import RealClock
from palomar.storage.database import Database

Verdict = tuple[Literal["ok", "warning", "fault"], str]
"""One line of ``palomar doctor``: how bad it is, and what was found."""

_OTHERS = 0o077
_SHOWN = 10


async def examine_safety(config: Config, database: Database) -> list[Verdict]:
    """Look for secrets that a trial has left in use, accounts without a sender, files that others may read, and
    callbacks that may reach this machine."""
    accounts = (await database.read(load_snapshot)).by_id.values()
    now_ms = RealClock().wall_ms()
    proxies = await database.read(unknown_proxies, now_ms=now_ms)
    verdicts = [*_open_files(config), *_open_passwords(config), *_loopback_callbacks(config, proxied=bool(proxies))]
    if not config.simulated:
        verdicts += await _trial(config, database)
        verdicts += _senders((await configured_senders(config, database)).accounts_without_sender(accounts))
    return verdicts or [("ok", "safety: files are their owner's alone, no trial secrets are in use")]


def _open_files(config: Config) -> Iterator[Verdict]:
    """Name the files of the data directory that others on this machine may read; none if the directory is its owner's
    alone."""
    directory = config.data_dir
    if not directory.is_dir() or not directory.stat().st_mode & _OTHERS:
        return
    readable = sorted(path.name for path in directory.iterdir() if _is_open(path))
    if readable:
        which = ", ".join(readable[:_SHOWN])
        yield "warning", f"files: others on this machine may read {which} in {directory}: chmod -R go= {directory}"


def _open_passwords(config: Config) -> Iterator[Verdict]:
    """Name the files with passwords of carriers that everybody on this machine may read."""
    carriers = [one for one in config.carriers if isinstance(one, SmppCarrierSettings)]
    files = [file for one in carriers for file in (one.password_file, one.outbind_password_file) if file is not None]
    secrets = {secret for one in carriers for secret in (one.password, one.outbind_password) if secret}
    if config.file is not None and any(secret in config.file.read_text(encoding="utf-8") for secret in secrets):
        files.append(config.file)
    for file in dict.fromkeys(files):
        if _is_everybodys(file.resolve()):
            yield "warning", f"files: everybody on this machine may read the password in {file}: chmod o= {file}"


def _is_everybodys(path: Path) -> bool:
    """Return True if the file and all folders above it are open to everybody."""
    try:
        folders = all(above.stat().st_mode & stat.S_IXOTH for above in path.parents)
        return folders and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _is_open(path: Path) -> bool:
    try:
        return path.is_file() and bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _loopback_callbacks(config: Config, *, proxied: bool) -> Iterator[Verdict]:
    """Warn if customers can make this machine call itself while others can reach us, perhaps through a proxy that the
    configuration does not name."""
    if config.is_private and config.simulated and not proxied:
        return
    open_to = [text for text in config.callback_networks if ipaddress.ip_network(text, strict=False).is_loopback]
    if open_to:
        where = ", ".join(open_to)
        how = "" if config.callbacks.allow_networks is not None else "; set http.public_url: a proxy stands before us"
        yield "warning", f"callbacks.allow_networks: {where}: customers can make this server call itself{how}"


async def _trial(config: Config, database: Database) -> list[Verdict]:
    """Look for an account and a password of the first start, whose secrets were shown on a screen."""
    verdicts: list[Verdict] = []

    ended = await database.read(is_noted, note=Note.TRIAL_ENDED)
    demo = await trial_account(config, database)
    if not ended and demo is not None and demo.enabled and not await has_sent_for_real(config, database, demo):
        text = f"trial: the next start switches {DEMO_LOGIN} off, once; {CONFIRM_TRIAL} lets it send for real"
        verdicts.append(("warning", text))
    if await is_first_admin_password(config, database):
        verdicts.append(("warning", f"trial: {ADMIN_LOGIN} still has the password of the first start: {RESET_ADMIN}"))
    return verdicts


def _senders(without_sender: list[str]) -> Iterator[Verdict]:
    if without_sender:
        which = ", ".join(without_sender[:_SHOWN]) + (
            f" and {len(without_sender) - _SHOWN} more" if without_sender[_SHOWN:] else ""
        )
        how = "set default_sender of the account, of [sending], or sender of the carrier"
        yield "warning", f"senders: nobody gave a sender to {which}: {how}"
