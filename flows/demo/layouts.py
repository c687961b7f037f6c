"""HTML templates of the English-language outlets, each after a kind of site one meets.

Every template is a function from a ``Sheet`` to a whole page.  The furniture (menus, consent
bars, newsletter boxes, related links, comments) is there to be left out by the extraction.
"""

from __future__ import annotations

from flows.demo.markup import Sheet, canonical, figure, home, json_ld, open_graph


def wordpress(sheet: Sheet) -> str:
    """A WordPress news theme: JSON-LD graph, sharing row, sidebar, newsletter box."""
    piece = sheet.piece
    wall = (
        '<div class="paywall"><h3>Keep reading with a Ledger pass</h3>'
        '<p>Already a subscriber? <a href="/login/">Sign in</a>.</p></div>'
        if piece.paywalled
        else ""
    )
    slug = piece.path.strip("/").split("/")[-1]
    return f"""<!DOCTYPE html>
<html lang="en-GB" class="no-js">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{sheet.title} - {sheet.publisher}</title>
{canonical(sheet)}
{open_graph(sheet)}
{json_ld(sheet, graph=True)}
<link rel="alternate" type="application/rss+xml" href="{piece.outlet.feed_path}">
<style>.entry-content p{{margin:0 0 1.4em}}.screen-reader-text{{position:absolute}}</style>
</head>
<body class="post-template-default single single-post postid-{len(slug) * 137}">
<a class="skip-link screen-reader-text" href="#content">Skip to content</a>
<div id="cookie-notice" role="dialog"><p>We and our partners store cookies on your device.
<a href="/cookies/">Cookie policy</a></p><button>Accept all</button></div>
<header id="masthead" class="site-header"><div class="site-branding"><a href="{home(piece)}">
{sheet.publisher}</a><p class="site-description">{piece.outlet.tagline}</p></div>
<nav class="main-navigation"><ul><li><a href="/cells/">Cells</a></li><li><a href="/cars/">Cars</a>
</li><li><a href="/charging/">Charging</a></li><li><a href="/policy/">Policy</a></li></ul></nav>
</header>
<div id="content" class="site-content"><main id="main" class="site-main">
<article id="post-{len(slug) * 137}" class="post type-post status-publish hentry">
<header class="entry-header"><h1 class="entry-title">{sheet.title}</h1>
<div class="entry-meta"><span class="byline">By <span class="author vcard"><a href="/author/">
{sheet.author}</a></span></span> <time class="entry-date published"
 datetime="{sheet.local.isoformat()}">{sheet.local:%-d %B %Y}</time></div></header>
<div class="sharedaddy"><ul><li><a href="#">Share on Flock</a></li><li><a href="#">E-mail</a></li>
</ul></div>
{figure(sheet, "Picture: Ledger")}
<div class="entry-content">
{sheet.body}
{wall}
</div>
<footer class="entry-footer"><span class="tags-links">Filed under
<a href="/tag/{piece.section or "news"}/">{piece.section or "news"}</a></span></footer>
</article>
<div class="newsletter-signup"><h3>The Morning Amp</h3><p>Five stories before breakfast, free.</p>
<form><input type="email" placeholder="you@work"><button>Join</button></form></div>
<section class="yarpp-related"><h3>Related reading</h3><ul>{sheet.links()}</ul></section>
</main>
<aside id="secondary" class="widget-area"><h2 class="widget-title">Most read</h2>
<ol>{sheet.links(5)}</ol></aside></div>
<footer class="site-footer"><p>© 2026 {sheet.publisher}. All rights reserved.</p>
<a href="/privacy/">Privacy</a> <a href="/contact/">Contact the newsdesk</a></footer>
</body></html>
"""


def cms_blocks(sheet: Sheet) -> str:
    """A component-built front end: hashed class names, a block a paragraph, OpenGraph only."""
    blocks = "\n".join(
        f'<div data-component="text-block" class="ssrcss-7uxr49-RichText e5tfeyi1">{block}</div>'
        for block in sheet.blocks
    )
    changed = ""
    if sheet.piece.updated:
        changed = f'<span class="ssrcss-k3m">Updated {sheet.piece.updated:%H:%M} UTC</span>'
    return f"""<!doctype html><html lang="en-US"><head><meta charset="utf-8"/>
<title>{sheet.title} | {sheet.publisher}</title>
{open_graph(sheet)}
<meta name="author" content="{sheet.author}"/>
<script>window.__STATE__={{"user":null,"flags":["a1","b7"],"consent":false}};</script>
</head><body><div id="root"><div role="banner" class="ssrcss-1pt-Top"><a href="/">Cellpost</a>
<nav aria-label="Sections"><a href="/lab">Lab</a><a href="/factory">Factory</a>
<a href="/market">Market</a><a href="/members">Members</a></nav></div>
<div class="ssrcss-consent" data-testid="consent"><p>Your choices: analytics, personalisation,
measurement.</p><button>Reject</button><button>Agree</button></div>
<main id="main-content"><article class="ssrcss-pv1rh6-ArticleWrapper">
<div data-component="headline-block"><h1 id="main-heading">{sheet.title}</h1></div>
<div data-component="byline-block" class="ssrcss-2a-Byline"><span>{sheet.author}</span>
<time datetime="{sheet.local.isoformat()}">{sheet.local:%B %-d, %Y}</time>{changed}</div>
{figure(sheet, "Cellpost")}
{blocks}
</article>
<div data-component="links-block" class="ssrcss-9q-Promo"><h2>More from Cellpost</h2>
<ul>{sheet.links()}</ul></div></main>
<div role="complementary"><p>Get the Cellpost brief in your inbox every Tuesday.</p></div>
<footer role="contentinfo"><ul><li><a href="/terms">Terms</a></li><li><a href="/ads">Ad choices</a>
</li></ul><p>Cellpost Media, Calder Falls</p></footer></div></body></html>
"""


def microdata(sheet: Sheet) -> str:
    """A magazine with schema.org microdata and reader comments under the text."""
    piece = sheet.piece
    return f"""<!DOCTYPE html>
<html lang="en-AU"><head><meta charset="utf-8"><title>{sheet.title}</title>
{canonical(sheet)}
<meta name="description" content="{piece.teaser}">
</head><body>
<div class="top-strip"><a href="/subscribe">Subscribe to the print magazine</a></div>
<header><a class="logo" href="/">{sheet.publisher}</a>
<ul class="menu"><li><a href="/tests">Road tests</a></li><li><a href="/trips">Trips</a></li>
<li><a href="/towing">Towing</a></li><li><a href="/home-charging">At home</a></li></ul></header>
<div itemscope itemtype="https://schema.org/NewsArticle" class="story-page">
<meta itemprop="datePublished" content="{sheet.local.isoformat()}">
<h1 itemprop="headline">{sheet.title}</h1>
<p class="meta">Words: <span itemprop="author" itemscope itemtype="https://schema.org/Person">
<span itemprop="name">{sheet.author}</span></span> | {sheet.local:%A, %-d %B %Y}</p>
{figure(sheet, "Photo: Kilowatt Road")}
<div itemprop="articleBody" class="story-text">
{sheet.body}
</div>
</div>
<div class="poll-box"><strong>Would you tow with one?</strong> <button>Yes</button>
<button>No</button></div>
<section id="comments" class="comments-area"><h3>2 comments</h3>
<ol class="comment-list"><li class="comment"><b>dusty_rhodes</b><p>Did that run in August, wind
took a quarter of the range off us.</p></li><li class="comment"><b>Merle</b><p>Bring a spare cable,
trust me.</p></li></ol></section>
<div class="read-next"><h4>Read next</h4><ul>{sheet.links()}</ul></div>
<footer><p>{sheet.publisher} is printed in Wattle Junction.</p></footer>
</body></html>
"""


def static_site(sheet: Sheet) -> str:
    """The output of a static site generator: little markup and no structured metadata."""
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{sheet.title} · {sheet.publisher}</title>
<link rel="stylesheet" href="/css/main.css"></head>
<body>
<nav><a href="/">{sheet.publisher}</a> / <a href="/archive/">archive</a> / <a href="/feed.json">feed
</a></nav>
<article class="post h-entry">
<h1 class="p-name">{sheet.title}</h1>
<p class="post-meta"><time class="dt-published" datetime="{sheet.local:%Y-%m-%dT%H:%M:%SZ}">
{sheet.local:%Y-%m-%d}</time> by <span class="p-author">{sheet.author}</span></p>
<div class="post-content e-content">
{sheet.body}
</div>
</article>
<hr>
<p class="older">Older: </p><ul>{sheet.links(2)}</ul>
<footer><small>Built with a script and a kettle. No trackers here.</small></footer>
</body>
</html>
"""


def wire(sheet: Sheet) -> str:
    """An agency's plain story page; the date stands in a meta tag and above the text."""
    return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>{sheet.title}</title>
<meta name="date" content="{sheet.local:%Y-%m-%d}">
<meta name="author" content="{sheet.author}">
{canonical(sheet)}
</head><body>
<div class="header"><a href="/">NORTHLINE</a> <span>{sheet.piece.outlet.tagline}</span></div>
<div class="crumbs"><a href="/">Front</a> &gt; <a href="/energy/">Energy</a></div>
<div id="story">
<h1>{sheet.title}</h1>
<div class="stamp">{sheet.local:%b. %-d, %Y %H:%M} GMT &middot; By {sheet.author}</div>
<div class="copy">
{sheet.body}
</div>
</div>
<div class="clients"><p>Clients: reuse is subject to your contract.
<a href="/licensing/">Licensing desk</a></p></div>
<div class="latest"><b>Latest</b><ul>{sheet.links(3)}</ul></div>
</body></html>
"""


def tables(sheet: Sheet) -> str:
    """A regional daily never rebuilt: tables for the frame, upper-case tags, an old charset."""
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<HTML><HEAD>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1252">
<TITLE>Saltmere Mercury: {sheet.title}</TITLE></HEAD>
<BODY BGCOLOR="#ffffff">
<TABLE WIDTH="960" ALIGN="center" CELLPADDING="4"><TR><TD COLSPAN="6">
<A HREF="/"><IMG SRC="/masthead.gif" ALT="Saltmere Mercury"></A></TD></TR>
<TR CLASS="menu"><TD><A HREF="/news/">News</A></TD><TD><A HREF="/sport/">Sport</A></TD>
<TD><A HREF="/weather/">Weather</A></TD><TD><A HREF="/notices/">Births &amp; Deaths</A></TD>
<TD><A HREF="/property/">Property</A></TD></TR></TABLE>
<CENTER><DIV CLASS="story" ALIGN="left" STYLE="width:640px">
<H1>{sheet.title}</H1>
<P CLASS="byline"><I>By {sheet.author}, {sheet.local:%d/%m/%Y}</I></P>
{sheet.body}
</DIV></CENTER>
<TABLE WIDTH="960" ALIGN="center"><TR><TD VALIGN="top"><B>Elsewhere in Saltmere</B>
<UL>{sheet.links(4)}</UL></TD><TD WIDTH="180" VALIGN="top"><P>Advertise in the Mercury: ring the
front desk.</P></TD></TR>
<TR><TD COLSPAN="2"><FONT SIZE="1">Copyright – Saltmere Mercury – founded 1871</FONT></TD></TR>
</TABLE></BODY></HTML>
"""


def price_sheet(sheet: Sheet) -> str:
    """A price reporter's page: Dublin Core, a table in the text, a methodology note beside it."""
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>{sheet.title} | {sheet.publisher}</title>
<meta name="DC.title" content="{sheet.title}"><meta name="DC.creator" content="{sheet.author}">
<meta name="DC.date.issued" content="{sheet.local:%Y-%m-%d}">
{canonical(sheet)}
</head><body><div class="ticker"><span>CARB +0.4</span><span>HYDR -0.2</span><span>SPOD 0.0</span>
</div><header><a href="/">{sheet.publisher}</a><nav><a href="/prices">Prices</a>
<a href="/method">Method</a><a href="/login">Log in</a></nav></header>
<div class="layout"><section class="report"><h1>{sheet.title}</h1>
<div class="report-meta">{sheet.author} | {sheet.local:%d-%b-%Y}</div>
<div class="report-body">
{sheet.body}
</div></section>
<aside class="box"><h4>About these numbers</h4><p>Assessments close at 16:30 London time.</p>
<ul>{sheet.links(3)}</ul></aside></div>
<footer>{sheet.publisher} Ltd</footer></body></html>
"""


def page_dump(sheet: Sheet) -> str:
    """A finance site that puts its page into one container, twice over where it goes wrong."""
    blocks = sheet.blocks
    text = "\n".join(doubled(blocks, sheet.piece.doubled) if sheet.piece.doubled else blocks)
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>{sheet.title}</title>
{json_ld(sheet, "Article")}
{open_graph(sheet)}
</head><body><div class="app"><div class="bar"><a href="/">Marketlamp</a><a href="/watch">Watchlist
</a><a href="/screener">Screener</a></div>
<div class="news-container"><h1>{sheet.title}</h1>
<div class="news-meta"><span>{sheet.author}</span><span>{sheet.local:%A, %b %-d, %Y %-I:%M %p}
ET</span><span>2 min read</span></div>
<div class="news-content">
{text}
</div></div>
<div class="side"><h5>Trending now</h5><ul>{sheet.links(3)}</ul></div>
<div class="legal">Nothing here is investment advice. Marketlamp may hold none, some or all of the
shares it writes about.</div></div></body></html>
"""


def doubled(blocks: list[str], lost: int) -> list[str]:
    """``blocks`` twice: first without its ``lost`` opening paragraphs, then glued to its lede.

    The second copy is one element with line breaks, and no space stands between the last lost
    paragraph and the one after it.
    """
    if lost < 1 or lost >= len(blocks):
        raise ValueError(f"cannot lose {lost} of {len(blocks)} paragraphs")
    bare = [block.removeprefix("<p>").removesuffix("</p>") for block in blocks]
    lines = [*bare[: lost - 1], bare[lost - 1] + bare[lost], *bare[lost + 1 :]]
    return [*blocks[lost:], "<p>" + "<br>\n".join(lines) + "</p>"]


def press_release(sheet: Sheet) -> str:
    """A company newsroom: the date stands in the text only, boilerplate and contacts below."""
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>{sheet.title} - Tarnholt Cells</title></head><body>
<header class="hero"><a href="/">Tarnholt Cells</a><nav><a href="/technology">Technology</a>
<a href="/careers">Careers</a><a href="/newsroom">Newsroom</a></nav></header>
<div class="newsroom-detail"><div class="stage"><span class="eyebrow">Press release</span>
<h1>{sheet.title}</h1></div>
<div class="rich-text article-body">
<p><strong>Brennick, {sheet.local:%-d %B %Y}</strong></p>
{sheet.body}
</div>
<div class="press-contact"><h4>Media contact</h4><p>{sheet.author}<br>press@tarnholt.example</p>
</div></div>
<footer><div class="cols"><a href="/imprint">Imprint</a><a href="/whistle">Report a concern</a>
</div><p>Forward-looking statements involve risks.</p></footer></body></html>
"""


def cards(sheet: Sheet) -> str:
    """A fleet-trade site of bootstrap cards with adverts between the paragraphs."""
    blocks = sheet.blocks
    advert = '<div class="ad-slot" aria-hidden="true"><span>Advertisement</span></div>'
    body = "\n".join([*blocks[:2], advert, *blocks[2:]])
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>{sheet.title} – {sheet.publisher}</title>
{canonical(sheet)}
{open_graph(sheet, times=False)}
<script type="application/ld+json">{{"@context":"https://schema.org","@type":"BreadcrumbList",
"itemListElement":[{{"@type":"ListItem","position":1,"name":"News"}}]}}</script>
</head><body>
<div class="navbar"><a class="navbar-brand" href="/">{sheet.publisher}</a>
<div class="navbar-nav"><a href="/vans">Vans</a><a href="/trucks">Trucks</a>
<a href="/depots">Depots</a><a href="/jobs">Jobs</a></div></div>
<div class="modal consent"><div class="modal-body">Fleetline uses cookies to count visits and to
sell space. <button>Fine</button></div></div>
<div class="container"><div class="row"><div class="col-lg-8">
<ol class="breadcrumb"><li>Home</li><li>News</li></ol>
<h1 class="display-5">{sheet.title}</h1>
<div class="small text-muted">{sheet.author} &bull; Published on {sheet.local:%d %b %Y at %H:%M}
</div>
{figure(sheet, "Fleetline archive")}
<div class="article-text">
{body}
</div>
<div class="card signup"><div class="card-body"><h5>Fleetline Weekly</h5>
<p>8,000 depot managers read it. Join them.</p></div></div></div>
<div class="col-lg-4"><div class="card"><div class="card-header">Also on Fleetline</div>
<ul class="list-group">{sheet.links(4)}</ul></div></div></div></div>
<footer class="footer"><span>Fleetline Publishing, Quay House</span></footer>
</body></html>
"""
