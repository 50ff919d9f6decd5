"""The command line: what operators and scripts type.

Commands beside a running server are short transactions on the same database; every node sees them within a second. With
``--json`` stdout is only that JSON. Not here: what any of it means (``flows``), or how the server is built (``app``).
"""

from palomar.cli.account import account
from palomar.cli.backup import backup
from palomar.cli.block import block
from palomar.cli.callbacks import callback
from palomar.cli.carrier import carrier
from palomar.cli.carrier_doctor import examine
from palomar.cli.explain import explain  # noqa: F401  # adds itself to route
from palomar.cli.key import key
from palomar.cli.keyword import keyword
from palomar.cli.lane import lane
from palomar.cli.message import message
from palomar.cli.numbers import blacklist, number
from palomar.cli.operate import config, doctor, migrate
from palomar.cli.price import price
from palomar.cli.root import root
from palomar.cli.route import route
from palomar.cli.sandbox import chaos, clock
from palomar.cli.scheduled import scheduled
from palomar.cli.sender import sender
from palomar.cli.serve import serve
from palomar.cli.simulator import simulator
from palomar.cli.template import template
from palomar.cli.token import token
from palomar.cli.user import session, user

for _command in (
    serve,
    account,
    key,
    token,
    user,
    session,
    price,
    message,
    scheduled,
    template,
    number,
    keyword,
    carrier,
    route,
    lane,
    sender,
    blacklist,
    block,
    callback,
    config,
    doctor,
    migrate,
    backup,
    simulator,
    chaos,
    clock,
):
    root.add_command(_command)


doctor.add_command(examine)


def main() -> None:
    """The ``palomar`` command."""
    root(prog_name="palomar")
