"""Which period a report is asked for on the command line."""

from exchange.errors import Invalid


class WhichPeriod(Invalid):
    """Not a month, and not two days in their order."""

    code = "which-period"
    zh = "请用 --month YYYY-MM，或同时用 --from 和 --to 指定期间，起不晚于止。"
    en = "Name the period with --month YYYY-MM, or with both --from and --to, in that order."
