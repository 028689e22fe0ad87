"""Why somebody is not signed in, or what was asked of an account is not done. None says which part was wrong, or whose it was."""

from exchange.errors import Conflict, Invalid, NotAuthentic, PartnerTrouble, Refused, Retry


class SignInRefused(NotAuthentic):
    """An unknown login, a wrong password, a wrong code, an account that is closed: not told apart."""

    code = "sign-in-refused"
    retry = Retry.CORRECTED
    zh = "登录名、密码或验证码不正确。"
    en = "The login, the password or the code is wrong."


class CodeNeeded(NotAuthentic):
    """The password is right; the code of the second factor is missing."""

    code = "code-needed"
    retry = Retry.CORRECTED
    zh = "请输入验证器应用显示的 6 位验证码。"
    en = "Enter the 6 digits that your authenticator app shows."


class AccountLocked(Refused):
    """Too many wrong passwords or codes."""

    code = "account-locked"
    retry = Retry.LATER
    zh = "密码或验证码多次错误，账号已锁定 15 分钟；请稍后再试，或请运维人员解锁。"
    en = "Too many wrong passwords or codes: the account is locked for 15 minutes. Try again later, or ask an operator."


class SignedOut(NotAuthentic):
    """There is no session, or it has ended."""

    code = "signed-out"
    retry = Retry.CORRECTED
    zh = "尚未登录，或登录已过期，请重新登录。"
    en = "You are not signed in, or not any more: sign in again."


class PasswordElsewhere(Conflict):
    """Who signs in with OpenID Connect has password and second factor there."""

    code = "password-elsewhere"
    zh = "该账号通过统一身份认证登录，密码和验证器请在那里管理。"
    en = "This account signs in elsewhere: its password and second factor are kept there."


class SecondFactorSet(Conflict):
    """There is a second factor already."""

    code = "second-factor-set"
    zh = "该账号已启用验证器；如需更换，请先停用原有的。"
    en = "This account has a second factor already: remove it first to take another one."


class CodeWrong(Invalid):
    """The code is not the one that the new authenticator should show now."""

    code = "code-wrong"
    zh = "验证码不正确：请核对手机时间，并重新扫描二维码。"
    en = "The code is wrong: check the clock of your phone, and scan the code again."


class PasswordUnfit(Invalid):
    """A new password that is too short, too long, the login's own name or among those that are tried first."""

    code = "password-unfit"
    zh = "密码须为 12 至 128 个字符，不得以登录名为主，也不得是常见密码；可用一句容易记住的话。"
    en = "A password has 12 to 128 characters, is not made of the login, and is no common one; a sentence will do."


class LoginUnfit(Invalid):
    """A new login that cannot be one."""

    code = "login-unfit"
    zh = "登录名须以小写字母开头，共 3 至 32 位，只含小写字母、数字、_ 和 -。"
    en = "A login begins with a letter and has 3 to 32 lower-case letters, digits, _ and -."


class LoginTaken(Conflict):
    """Somebody has this login."""

    code = "login-taken"
    zh = "该登录名已被使用。"
    en = "That login is taken."


class SignInFailed(NotAuthentic):
    """What came back from the provider is not the answer to what was asked, or does not hold; which of it is not told."""

    code = "sign-in-failed"
    retry = Retry.CORRECTED
    zh = "统一身份认证未完成或已过期，请重新登录。"
    en = "The sign-in was not completed, or is too old: sign in again."


class ProviderAway(PartnerTrouble):
    """The provider cannot be reached, or does not say what a provider says."""

    code = "provider-away"
    zh = "暂时无法连接统一身份认证，或其配置有误，请稍后再试或联系运维人员。"
    en = "The sign-in service cannot be reached or is not set up rightly: try again later, or ask an operator."


class ClaimsUnfit(NotAuthentic):
    """Who signed in elsewhere has no role or no jurisdiction here."""

    code = "claims-unfit"
    retry = Retry.CONTACT
    zh = "统一身份认证未授予您在本节点的角色或地区，请联系运维人员。"
    en = "Your sign-in names no role or no jurisdiction at this node: ask an operator."
