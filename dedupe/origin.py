"""Who wrote a text that many print: the agency or the wire that it names as its source.

Agencies sign in few places and in few ways: the dateline ("BERLIN, May 6 (Reuters) -",
"/PRNewswire/ --", "新华社北京5月6日电"), the author line ("By ... | Reuters", "AFP"), and a line of
its own at the end ("Source: Business Wire", "(dpa)", "（ロイター）").  A name inside a sentence
("told Reuters", "AP reported") is no signature: taking it for one credits the wrong house, which
is worse than crediting none.
"""

from __future__ import annotations

import re

from dedupe.text import fold

# The name shown, then how it is written, folded; more particular names first.
_WIRES: tuple[tuple[str, str], ...] = (
    ("PR Newswire", r"pr ?newswire"),
    ("Business Wire", r"business ?wire"),
    ("GlobeNewswire", r"globe ?newswire"),
    ("ACCESS Newswire", r"access(?:wire| newswire)"),
    ("Newsfile", r"newsfile corp\.?"),
    ("EQS", r"eqs(?:-news|-ad-hoc| news)?|dgap-news"),
    ("dpa-AFX", r"dpa-?afx"),
    ("dpa", r"dpa(?:-infocom|-tmn)?|deutsche presse-agentur"),
    ("Reuters", r"(?:thomson )?reuters|rtrs|ロイター|路透社?|로이터"),
    ("AFP", r"afp|agence france-presse|法新社"),
    ("AP", r"ap|associated press|美联社"),
    ("Bloomberg", r"bloomberg(?: news)?|ブルームバーグ|彭博社?|블룸버그"),
    ("Xinhua", r"xinhua(?: news agency)?|新华社|新华网|新華社"),
    ("China News Service", r"ecns|中新社|中新网"),
    ("Kyodo", r"kyodo(?: news)?|共同通信社?|共同"),
    ("Jiji", r"jiji(?: press)?|時事通信社?|時事"),
    ("Nikkei", r"nikkei(?: asia)?|日本経済新聞|日経"),
    ("Yonhap", r"yonhap(?: news agency)?|연합뉴스|韩联社|聯合ニュース"),
    ("EFE", r"efe|agencia efe"),
    ("Europa Press", r"europa press"),
    ("ANSA", r"ansa"),
    ("Interfax", r"interfax|интерфакс"),
    ("TASS", r"(?:itar-)?tass|тасс"),
    ("PTI", r"pti|press trust of india"),
    ("ANI", r"ani"),
    ("IANS", r"ians"),
    ("PA Media", r"pa media|press association"),
    ("The Canadian Press", r"(?:the )?canadian press"),
    ("AAP", r"aap|australian associated press"),
    ("Belga", r"belga"),
    ("ANP", r"anp"),
    ("APA", r"apa"),
    ("Keystone-SDA", r"keystone-sda|sda"),
    ("NTB", r"ntb"),
    ("TT", r"tt nyhetsbyrån"),
    ("Ritzau", r"ritzau"),
    ("STT", r"stt"),
    ("PAP", r"pap"),
    ("CTK", r"[čc]tk"),
    ("Lusa", r"lusa"),
    ("Anadolu", r"anadolu(?: agency)?"),
    ("Antara", r"antara"),
    ("Bernama", r"bernama"),
)  # fmt: skip
_ANY = "|".join(f"(?P<w{n}>{pattern})" for n, (_, pattern) in enumerate(_WIRES))
_NAME = rf"(?:the )?(?:{_ANY})"
_DASH = r"[-–—―]{1,2}"
# Between the start of a text and its dateline's name stand a town and a day, and no sentence.
_TOWN = r"[^.!?\n。！？]{0,70}?"
# Each with the signs of which one stands in whatever it matches: most lines hold none.
_HEADS = tuple(
    (signs, re.compile(pattern))
    for signs, pattern in (
        # BERLIN, May 6 (Reuters) -
        ("([", rf"\W*{_TOWN}[(\[]{_NAME}[)\]]\s*(?:\.?{_DASH}|:|$)"),
        # New Delhi, May 6 (PTI)
        ("(", rf"\W*{_TOWN}\d{{1,2}} [(]{_NAME}[)]\s"),
        # HELSINKI, May 6, 2026 /PRNewswire/ --
        ("/", rf"\W*[^.!?\n。]{{0,80}}?/{_NAME}/[.\s]"),
        # BOSTON--(BUSINESS WIRE)--
        ("(", rf"\W*{_TOWN}{_DASH}[(]{_NAME}[)]{_DASH}"),
        # Reuters - ...
        ("-–—―:|", rf"\W*{_NAME}\s*(?:{_DASH}\s|[:|]\s)"),
        # 新华社北京5月6日电
        ("电", rf"\W*{_NAME}[^\s。,]{{0,12}}?\d{{1,2}}月\d{{1,2}}日电"),
        # ［東京　６日　ロイター］
        ("[【", rf"\W*[\[【][^\]】\n]{{0,30}}?{_NAME}[\]】]"),
    )
)
_LINE = re.compile(
    rf"\W*(?:(?:source|quelle|fuente|fonte|出典|来源|來源|출처|источник)\s*:\s*)?{_NAME}\W*"
)
_SIGNED = re.compile(rf"[(\[]{_NAME}[)\]]\W*$")
_SOURCE = re.compile(
    rf"(?:\n|^|[.。!?”\"] )\W*(?:source|quelle|fuente|fonte|来源|來源|出典|출처|источник)\s*:\s*"
    rf"{_NAME}\W*(?:\n|$)"
)
_AUTHOR = re.compile(rf"(?:^|.*?[|/,;·•–—(]|.*?\b(?:with|und|and|via|für|for)\b)\s*{_NAME}\W*$")
_HEAD_CHARACTERS = 240
_TAIL_CHARACTERS = 240


def origin_of(text: str, author: str = "") -> str:
    """The agency or wire that ``text`` or ``author`` is signed with; empty where none is.

    Args:
        text: the article's text, paragraphs on lines of their own.
        author: the author line as the page gives it.

    Returns:
        The usual name ("Reuters", "PR Newswire", "Xinhua"), one for all its spellings.  The
        dateline speaks before the author line, and the author line before the text's end.
    """
    head = fold(text[:_HEAD_CHARACTERS].lstrip())
    lines = [line for line in head.split("\n") if line.strip()][:3]
    # The dateline opens the text, or follows a headline or byline that was left above it.
    for line in lines:
        for signs, pattern in _HEADS:
            if any(sign in line for sign in signs) and (found := _named(pattern.match(line))):
                return found
    if found := _named(_AUTHOR.match(fold(author.strip()).removeprefix("by "))):
        return found
    for line in lines[:-1] or lines[:0]:
        if found := _named(_LINE.fullmatch(line.removeprefix("by "))):
            return found
    tail = fold(text[-_TAIL_CHARACTERS:].rstrip())
    last = tail.rsplit("\n", 1)[-1]
    return (
        (_named(_SOURCE.search(tail)) if ":" in tail else "")
        or (_named(_LINE.fullmatch(last)) if "\n" in tail else "")
        or (_named(_SIGNED.search(tail)) if ")" in tail or "]" in tail else "")
    )


def is_origin(publisher: str, origin: str) -> bool:
    """Whether ``publisher`` is the house that ``origin`` names: its copy is the first hand."""
    if not origin:
        return False
    return _named(re.fullmatch(rf"\W*{_NAME}(?:\.\w+)?\W*", fold(publisher.strip()))) == origin


def _named(found: re.Match[str] | None) -> str:
    """The name shown of the wire that a pattern found."""
    if found is None or found.lastgroup is None:
        return ""
    groups = found.groupdict()
    return next((_WIRES[int(key[1:])][0] for key, value in groups.items() if value), "")
