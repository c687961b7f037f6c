"""What a whole article says of its numbers and money, asked for only where a number needs it."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

from ingest.policy import FigurePolicy
from ingest.quantities.money import Purse
from ingest.quantities.numbers import Decimals, decimal_sign, language_of, read_number


class Setting:
    """The article around its numbers: language, decimal sign, whose dollar is meant."""

    def __init__(self, title: str, text: str, language: str, policy: FigurePolicy) -> None:
        self.title, self.text, self.policy = title, text, policy
        self._declared = language.lower().partition("-")[0]

    @cached_property
    def language(self) -> str:
        """Primary tag: the declared one, or a guess; empty when there is none."""
        chars = self.policy.language_chars
        return self._declared or language_of(f"{self.title} {self.text[:chars]}", chars)

    @cached_property
    def decimals(self) -> Decimals:
        """The sign before decimals; empty when nothing settles it."""
        return decimal_sign(self.text, self.language, self.policy.style_chars)

    @cached_property
    def purse(self) -> Purse:
        """What bare signs of money stand for."""
        return Purse(self.title, self.text, lambda: self.language)

    def number(self, written: str) -> Decimal | None:
        """The value of a token of ``NUMBER``; None when it is no number, or could be two."""
        return read_number(written, self.policy.number_chars, lambda: self.decimals)
