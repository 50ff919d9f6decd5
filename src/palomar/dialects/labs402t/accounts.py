"""The endpoints of accounts: balance, costs, sub-accounts, passwords. Their bodies are read in ``users``."""

from typing import Final

from palomar.accounts.account_commands import AddAccount, ChangePassword
from palomar.accounts.store import NewAccount
from palomar.dialects.labs402t import responses, users
from palomar.dialects.labs402t.auth import Callers
from palomar.dialects.labs402t.call import Call, answered_before
from palomar.dialects.labs402t.documents import PasswordBody, UserBody, read
from palomar.dialects.labs402t.errors import Code, Problem, problem_of
from palomar.dialects.labs402t.responses import (
    Answer,
    Balance,
    BalanceAnswer,
    Costs,
    CostsAnswer,
    EmptyAnswer,
    Nothing,
    User,
    UserAnswer,
)
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.gateway import Gateway
from palomar.vocabulary.account import Account
from palomar.vocabulary.credit import Microcredits, format_two_decimals


class AccountEndpoints:
    """``balance``, ``costs``, ``add_user``, ``change_password``."""

    def __init__(self, gateway: Gateway, callers: Callers, settings: Labs402tSettings) -> None:
        self._gateway = gateway
        self._callers = callers
        self._settings = settings

    async def balance(self, call: Call) -> Answer | Problem:
        """Answer ``GET /accounts/{login}/balance``: two decimals, rounded down."""
        account = self._find(call)
        if account is None:
            return Problem(Code.NO_USER)
        available = Microcredits((await self._gateway.balance(account.id)).available)
        return responses.ok(BalanceAnswer(0, "OK", Balance(account.login, float(format_two_decimals(available)))))

    async def costs(self, call: Call) -> Answer | Problem:
        """Answer ``GET /users/{login}/costs``."""
        account = self._find(call)
        if account is None:
            return Problem(Code.NO_USER)
        costs = users.costs(self._gateway.prices(account))
        return responses.ok(CostsAnswer(0, "OK", Costs(account.login, self._settings.currency, costs)))

    async def add_user(self, call: Call) -> Answer | Problem:
        """Answer ``POST /users``: make a sub-account of the caller, without credit and with one key."""
        posted = read(call.body, UserBody)
        user = posted if isinstance(posted, Problem) else users.read_user(posted)
        if isinstance(user, Problem):
            return user
        password = users.judge_password(user.password, login=user.login)
        if isinstance(password, Problem):
            return password
        limit = self._gateway.count_subaccount(call.account)
        if limit is not None and limit.wait_seconds:
            return responses.too_many_requests(limit.wait_seconds)
        if limit is not None:
            return Problem(Code.BAD_REQUEST, reason=limit.reason)
        key = self._gateway.ids.token()
        new = NewAccount(
            login=user.login,
            name=f"{user.name} {user.surname}",
            password_hash=await self._gateway.hash_password(password, by=call.account),
            key=key,
            settings=users.settings_of_child(call.account),
            parent_id=call.account.id,
            surname=user.surname,
            contact_email=user.contact_email,
        )

        def answer(account: Account) -> tuple[int, bytes]:
            data = User(account.login, user.name, user.surname, user.contact_email, 0.0, key)
            return 200, responses.encode(UserAnswer(0, "OK", data))

        result = await self._gateway.add_account(AddAccount(new=new, key=call.key, answer=answer))
        if result is None:
            return Problem(Code.LOGIN_TAKEN)
        if isinstance(result, Account):
            return Answer(*answer(result), responses.HEADERS)
        return answered_before(result)

    async def change_password(self, call: Call) -> Answer | Problem:
        """Answer ``POST /users/{login}/password``: change the password of the caller or of an account below it, if the
        current one is right."""
        posted = read(call.body, PasswordBody)
        passwords = posted if isinstance(posted, Problem) else users.read_password(posted)
        if isinstance(passwords, Problem):
            return passwords
        account = self._find(call)
        if account is None:
            return Problem(Code.NO_USER)
        denied = await self._callers.knows_password(call.scope, account, passwords.current)
        if denied is not None:
            return problem_of(denied.refusal)
        new = users.judge_password(passwords.new, login=account.login)
        if isinstance(new, Problem):
            return new
        password_hash = await self._gateway.hash_password(new, by=call.account)
        command = ChangePassword(
            account_id=account.id, password_hash=password_hash, key=call.key, answer=(200, responses.encode(_CHANGED))
        )
        before = await self._gateway.change_password(command)
        return responses.ok(_CHANGED) if before is None else answered_before(before)

    def _find(self, call: Call) -> Account | None:
        return self._gateway.account_within(call.account, call.name)


_CHANGED: Final = EmptyAnswer(0, "OK", Nothing())
