"""Which URL is which article: the identity of a page, and what a link on it may lead to.

Two mistakes are possible.  Merging two URLs that are different articles loses one of them for
good and nobody sees it; keeping one article's two URLs apart costs a second copy, which
``dedupe`` then links to the first.  So only what is known not to choose the page is dropped:

* http and https are one (``https`` is written); every publisher met serves the same page on both.
* ``www.``, a trailing slash, letter case of the path and the order of parameters are kept:
  servers may tell them apart, and feed, page and ``rel=canonical`` of one publisher agree on them.
* A parameter is dropped by its exact name, from a list.  courlan 1.4 was tried for this: its
  pattern also takes ``cid``, ``source``, ``keyword`` and every name that begins with ``ga``
  or ``gl`` (``gallery``), sorts parameters, and cuts a URL that holds another one.
* A fragment is dropped, except one that names a page to a script (``#!/a/1``, ``#/a/1``) and
  the one that ``made_up_url`` writes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import ipaddress
import re
from urllib.parse import SplitResult, urljoin, urlsplit

import idna
import tldextract

from ingest.policy import UrlPolicy

_POLICY = UrlPolicy()

# Names, lower case, that only tell how a reader came to the page.  From the parameter lists of
# AdGuard's TrackParamFilter and ClearURLs, less every name that some publisher uses for the
# article itself (id, cid, sid, uid, eid, ref, source, campaign, keyword, session).
_TRACKER_NAMES = """
fbclid gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid msclkid yclid ysclid twclid
ttclid li_fat_id igshid igsh mibextid rdt_cid epik irclickid sccid srsltid wickedid rb_clickid
mc_cid mc_eid mkt_tok _hsenc _hsmi __hssc __hstc __hsfp hsctatracking vero_id vero_conv
oly_enc_id oly_anon_id ml_subscriber ml_subscriber_hash trk_contact trk_msg trk_module trk_sid
elqtrackid elqtrack elqaid elqat elqcampaignid _openstat _ga _gl __twitter_impression
guccounter guce_referrer guce_referrer_sig __source s_cid sc_cid soc_src soc_trk ncid cmpid
icid ocid xtor wt_mc wt_zmc wt.mc_id wt.tsrc wpsrc wprov smid smtyp ftcamp sr_share ito spm
share_token share_from share_source share_medium
ns_campaign ns_mchannel ns_source ns_linkname ns_fee
at_medium at_campaign at_campaign_type at_custom1 at_custom2 at_custom3 at_custom4 at_format
at_link_id at_link_origin at_link_type at_ptr_name at_bbc_team at_objective at_creation
at_variant at_send_date at_recipient_id at_recipient_list
pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content pk_cid
"""
_TRACKERS = frozenset(_TRACKER_NAMES.split())
_TRACKER_PREFIXES = ("utm_", "utm-", "mtm_", "hsa_", "bsft_")
# The Guardian's CMP=share_btn_tw; in lower case ``cmp`` is a comparison page elsewhere.
_TRACKERS_CASED = frozenset({"CMP"})
# Names that may choose the page, with values that never do.
_ORIGIN_NAMES = frozenset({"ref", "source", "src", "from", "partner", "emc", "mod", "feed", "via"})
_ORIGIN_VALUES = frozenset(
    {"rss", "rssfeed", "rss_feed", "rss-feed", "atom", "feed", "twitter", "facebook", "newsletter"}
)

_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^/;]*", re.IGNORECASE)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE = _UNRESERVED | frozenset("/!$&'()*+,;=:@")
_QUERY_SAFE = _PATH_SAFE | frozenset("?")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})|(.)", re.DOTALL)
_MADE_UP = re.compile(r"entry-[a-z2-7]{12}")
# What stays to the letter when it is taken apart and put together again: most links of a page.
_ORIGIN = r"https?://[a-z0-9][a-z0-9.-]*"
_PLAIN_PATH = r"/(?!/)[A-Za-z0-9/_.~%+,=&@!$-]*(?:\?[A-Za-z0-9/_.~%+,=&@!$-]+)?"
_PLAIN_ORIGIN = re.compile(rf"{_ORIGIN}(?=/|\Z)")
_PLAIN_URL = re.compile(rf"(?:{_ORIGIN})?{_PLAIN_PATH}")
# And what is canonical already but for its scheme: host and path, nothing to drop or to write anew.
_SETTLED = re.compile(r"https?://([a-z0-9_-]+(?:\.[a-z0-9_-]+)+/[A-Za-z0-9_~!$&'()*+,=:@/.-]*)")
_ABSOLUTE = re.compile(r"https?:|//", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@functools.lru_cache(maxsize=4096)
def canonical_url(url: str) -> str:
    """The identity of ``url``; applying it twice changes nothing.

    What is no http(s) URL with a host comes back as it is, without surrounding white space.
    """
    url = url.strip()
    settled = _SETTLED.fullmatch(url)
    if settled is not None and "/." not in settled[1]:
        return f"https://{settled[1]}"
    parts = _split(url)
    if parts is None:
        return url
    host, port = _host_and_port(parts)
    if not host:
        return url
    path = _remove_dots(_SESSION.sub("", _normal_escapes(parts.path, _PATH_SAFE)))
    query = _keep_significant(_normal_escapes(parts.query, _QUERY_SAFE))
    fragment = parts.fragment if _names_a_page(parts.fragment) else ""
    return (
        f"https://{host}{f':{port}' if port else ''}{path}"
        f"{f'?{query}' if query else ''}"
        f"{f'#{_normal_escapes(fragment, _QUERY_SAFE)}' if fragment else ''}"
    )


def article_id(canonical: str) -> str:
    """12 lower-case base32 characters (60 bits of BLAKE2b) for a canonical URL.

    At 10 million articles the chance of any two sharing one is 4 in 100,000.
    """
    return _short_digest(canonical)


def made_up_url(feed_url: str, seed: str) -> str:
    """A canonical URL for an entry of ``feed_url`` that has none of its own.

    ``seed`` is what tells the entry from its neighbours: its guid, or its title and content.
    """
    return f"{canonical_url(feed_url).partition('#')[0]}#entry-{_short_digest(seed)}"


def is_made_up(url: str) -> bool:
    """True for a URL that ``made_up_url`` wrote: there is no page to fetch at it."""
    return _MADE_UP.fullmatch(url.partition("#")[2]) is not None


@functools.lru_cache(maxsize=4096)
def registered_domain(url: str) -> str:
    """The domain that somebody registered ("bbc.co.uk" for "https://feeds.bbc.co.uk/x").

    Hosts under a shared platform of the Public Suffix List ("x.github.io") are domains of their
    own: what one of them says of itself must not count for its neighbour.  An IP address, a bare
    name or a public suffix gives the host itself; what is no URL gives "".
    """
    parts = _split(url.strip())
    if parts is None:
        return ""
    host, _ = _host_and_port(parts)
    return _domain_of_host(host)


def same_site(a: str, b: str) -> bool:
    """True when both URLs belong to one registered domain."""
    domain = registered_domain(a)
    return bool(domain) and domain == registered_domain(b)


def resolve(base: str, href: str) -> str | None:
    """``href`` as an absolute http(s) URL, read against ``base``; None when it may not be asked.

    Refused: other schemes (``javascript:``, ``mailto:``, ``data:``, ``file:``), user names and
    passwords, control characters, no host, more characters than the policy allows.
    """
    href = re.sub(r"[\t\r\n]", "", href).strip()
    # measured first: joining takes time with the square of the steps in "../../../.."
    if not href or len(href) > _POLICY.max_chars or len(base) > _POLICY.max_chars:
        return None
    if _PLAIN_URL.fullmatch(href) and "//" not in href[8:] and "/." not in href:
        if href[0] != "/":
            return href
        origin = _PLAIN_ORIGIN.match(base)
        if origin is not None and "//" not in href and len(base) + len(href) < _POLICY.max_chars:
            return origin[0] + href
    if href[:4].lower() == "www.":
        href = f"https://{href}"  # a host left without its scheme, common in hand-written feeds
    try:
        if _ABSOLUTE.match(href) and not urlsplit(href).netloc:
            return None  # urljoin would answer with the base itself
        absolute = urljoin(base.strip(), href)
    except ValueError:
        return None
    if len(absolute) > _POLICY.max_chars or _CONTROL.search(absolute.replace(" ", "")):
        return None
    parts = _split(absolute)
    if parts is None or "@" in parts.netloc or "\\" in parts.netloc:
        return None
    host, _ = _host_and_port(parts)
    return absolute if host else None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises on a port that is no number
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        return None
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int | None]:
    host = _ascii_host(parts.hostname or "")
    port = parts.port
    # 443 on an http URL is dropped too: once it is written as https nobody could tell.
    if port == 443 or port == 0 or (port == 80 and parts.scheme.lower() == "http"):
        port = None
    return host, port


@functools.lru_cache(maxsize=4096)
def _ascii_host(host: str) -> str:
    """Lower-case ASCII form of a host name, brackets kept round IPv6; "" when it is no name."""
    if ":" in host:
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            return ""
    host = host.lower().rstrip(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").rstrip(".")
        except (idna.IDNAError, UnicodeError):
            return ""
    return host if re.fullmatch(r"[a-z0-9._\-]+", host) else ""


def _normal_escapes(text: str, safe: frozenset[str]) -> str:
    """Percent-encoding in one form (RFC 3986, section 6.2.2), so that ``%e4`` equals ``ä``."""
    if safe.issuperset(text):
        return text

    def one(match: re.Match[str]) -> str:
        code, char = match.groups()
        if code is not None:
            plain = chr(int(code, 16))
            return plain if plain in _UNRESERVED else f"%{code.upper()}"
        if char in safe:
            return str(char)
        return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))

    return _PERCENT.sub(one, text)


def _remove_dots(path: str) -> str:
    """``.`` and ``..`` taken out (RFC 3986, section 5.2.4); an empty path is ``/``."""
    if "/." not in path:
        return path if path.startswith("/") else f"/{path}"
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _keep_significant(query: str) -> str:
    # "&amp;" comes from feeds that were escaped twice.
    pieces = (re.sub(r"^(?:amp;)+", "", piece) for piece in query.split("&"))
    return "&".join(piece for piece in pieces if piece and not _only_tracks(piece))


def _only_tracks(piece: str) -> bool:
    name, _, value = piece.partition("=")
    lower = name.lower()
    return (
        lower in _TRACKERS
        or lower.startswith(_TRACKER_PREFIXES)
        or name in _TRACKERS_CASED
        or (lower in _ORIGIN_NAMES and value.lower() in _ORIGIN_VALUES)
    )


def _names_a_page(fragment: str) -> bool:
    return fragment.startswith(("!", "/")) or _MADE_UP.fullmatch(fragment) is not None


def _short_digest(text: str) -> str:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=10).digest()
    return base64.b32encode(digest).decode("ascii").lower()[: _POLICY.id_chars]


@functools.lru_cache(maxsize=1)
def _suffixes() -> tldextract.TLDExtract:
    # The list bundled with tldextract: no download, no cache folder.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@functools.lru_cache(maxsize=4096)
def _domain_of_host(host: str) -> str:
    found = _suffixes()(host, include_psl_private_domains=True)
    if found.top_domain_under_public_suffix:
        return found.top_domain_under_public_suffix
    if found.suffix or found.ipv4 or found.ipv6:
        return host
    # a top-level domain that is on no list is a suffix itself (publicsuffix.org, default rule)
    return ".".join(host.split(".")[-2:])
