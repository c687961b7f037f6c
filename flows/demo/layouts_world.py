"""HTML templates of the German, French, Chinese and Japanese outlets."""

from __future__ import annotations

from flows.demo.markup import (
    FRENCH_DAYS,
    MONTHS,
    Sheet,
    canonical,
    figure,
    json_ld,
    open_graph,
)


def _month(sheet: Sheet) -> str:
    return MONTHS[sheet.piece.outlet.language].split()[sheet.local.month - 1]


def verlag(sheet: Sheet) -> str:
    """A German publishing house: consent layer, JSON-LD, a cross-reference inside the text."""
    blocks = sheet.blocks
    title, url = sheet.related[0]
    aside = (
        f'<aside class="teaser-box"><span>Lesen Sie auch</span><a href="{url}">{title}</a></aside>'
    )
    body = "\n".join([*blocks[:3], aside, *blocks[3:]])
    return f"""<!DOCTYPE html>
<html lang="de"><head><meta charset="utf-8"><title>{sheet.title} | {sheet.publisher}</title>
{canonical(sheet)}
{open_graph(sheet)}
{json_ld(sheet)}
</head><body class="article-page">
<div class="cmp-layer"><h2>Weiterlesen mit Werbung</h2><p>Wir und unsere Partner verarbeiten Daten.
Details in den <a href="/datenschutz">Datenschutzhinweisen</a>.</p><button>Zustimmen</button></div>
<header class="page-header"><a href="/">{sheet.publisher}</a><nav><ul><li><a href="/autos">Autos</a>
</li><li><a href="/laden">Laden</a></li><li><a href="/netz">Netz</a></li>
<li><a href="/abo">Abo</a></li></ul></nav></header>
<main><article class="article"><header class="article__header">
<span class="article__kicker">{sheet.piece.section}</span><h1 class="article__headline">
{sheet.title}</h1><div class="article__meta">Von {sheet.author} ·
{sheet.local:%-d}. {_month(sheet)} {sheet.local:%Y}, {sheet.local:%H:%M} Uhr</div></header>
{figure(sheet, "Foto: Stromblick")}
<div class="article__body">
{body}
</div>
<div class="article__tools"><a href="#">Merken</a><a href="#">Drucken</a></div>
</article>
<section class="teaser-list"><h2>Mehr zum Thema</h2><ul>{sheet.links(4)}</ul></section></main>
<footer><a href="/impressum">Impressum</a> <a href="/agb">AGB</a>
<p>Stromblick Verlag, Talnord</p></footer></body></html>
"""


def fields(sheet: Sheet) -> str:
    """A magazine on a CMS that wraps everything into fields."""
    return f"""<!DOCTYPE html>
<html lang="de" dir="ltr"><head><meta charset="utf-8">
<meta name="dcterms.date" content="{sheet.local.isoformat()}">
<title>{sheet.title} | {sheet.publisher}</title>{canonical(sheet)}</head>
<body class="path-node page-node-type-article">
<div class="region region-header"><div class="block block-branding"><a href="/">
{sheet.publisher}</a></div><nav class="block-menu"><ul class="menu">
<li><a href="/zellchemie">Zellchemie</a></li><li><a href="/fertigung">Fertigung</a></li>
<li><a href="/recycling">Recycling</a></li>
<li><a href="/termine">Termine</a></li></ul></nav></div>
<div class="region region-content"><article class="node node--type-article node--view-mode-full">
<h1 class="page-title"><span class="field field--name-title">{sheet.title}</span></h1>
<div class="node__submitted">Autor: <span class="field--name-uid">{sheet.author}</span>,
{sheet.local:%d.%m.%Y - %H:%M}</div>
{figure(sheet, "Bild: Zellwerk")}
<div class="clearfix text-formatted field field--name-body field--type-text-with-summary">
{sheet.body}
</div>
<div class="field field--name-field-tags"><div class="field__item"><a href="/tag/batterie">Batterie
</a></div><div class="field__item"><a href="/tag/fabrik">Fabrik</a></div></div></article>
<div class="block-views"><h2>Das könnte Sie interessieren</h2><ul>{sheet.links(3)}</ul></div></div>
<div class="region-footer"><p>Zellwerk erscheint zehnmal im Jahr.</p></div></body></html>
"""


def kurier(sheet: Sheet) -> str:
    """A free sheet's site: no metadata, date in words, a newsletter form in mid column."""
    return f"""<!DOCTYPE html>
<html lang="de"><head><meta charset="utf-8"><title>{sheet.publisher}: {sheet.title}</title></head>
<body><div id="page"><div id="kopf"><a href="/">{sheet.publisher}</a>
<ul id="navi"><li><a href="/news/">News</a></li><li><a href="/ladeparks/">Ladeparks</a></li>
<li><a href="/forum/">Forum</a></li><li><a href="/gebraucht/">Gebrauchtmarkt</a></li></ul></div>
<div id="inhalt"><div class="csc-default news-single">
<h1>{sheet.title}</h1>
<p class="news-datum">{sheet.local:%-d}. {_month(sheet)} {sheet.local:%Y} | {sheet.author}</p>
<div class="bodytext">
{sheet.body}
</div></div>
<div class="nl-form"><h3>Kurier-Post</h3><p>Einmal wöchentlich kostenlos ins Postfach.</p>
<input name="mail"><button>Anmelden</button></div></div>
<div id="rechts"><h3>Neueste Meldungen</h3><ul>{sheet.links(5)}</ul></div>
<div id="fuss">Alle Angaben ohne Gewähr · <a href="/impressum/">Impressum</a></div></div>
</body></html>
"""


def spip(sheet: Sheet) -> str:
    """A French site on a publishing system with a standfirst and the day written out."""
    moment = sheet.local
    day = "1er" if moment.day == 1 else str(moment.day)
    return f"""<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>{sheet.title} - {sheet.publisher}</title>
<meta name="generator" content="SPIP 4">{canonical(sheet)}
<meta property="og:locale" content="fr_FR"><meta property="og:title" content="{sheet.title}">
</head><body class="pas_surlignable page_article">
<div id="bandeau-cookies"><p>Ce site mesure son audience. <a href="/cookies">En savoir plus</a></p>
<button>Tout refuser</button></div>
<div class="entete"><a href="/">{sheet.publisher}</a> <em>{sheet.piece.outlet.tagline}</em></div>
<div class="nav clearfix"><ul><li><a href="/industrie">Industrie</a></li>
<li><a href="/reseaux">Réseaux</a></li><li><a href="/mobilites">Mobilités</a></li></ul></div>
<div id="conteneur"><div id="contenu"><div class="cartouche"><h1 class="titre">{sheet.title}</h1>
<p class="info-publi">{FRENCH_DAYS[moment.weekday()]} {day} {_month(sheet)}
{moment:%Y}, par <span class="auteur">{sheet.author}</span></p></div>
{figure(sheet, "Cliché : le Courant neuf")}
<div class="texte surlignable">
{sheet.body}
</div>
</div>
<div id="extra"><p>Une coquille ? <a href="/contact">Écrivez à la rédaction</a>.</p>
<h2>Dans la même rubrique</h2><ul>{sheet.links(4)}</ul></div></div>
<div class="pied"><a href="/mentions">Mentions légales</a></div></body></html>
"""


def portal(sheet: Sheet) -> str:
    """A Chinese news portal in gb18030, named in a meta tag only."""
    return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb18030">
<title>{sheet.title}_{sheet.publisher}</title>
<meta name="keywords" content="电动汽车,动力电池">
</head><body>
<div class="top-nav"><a href="/">首页</a><a href="/car/">新车</a><a href="/cell/">电芯</a>
<a href="/policy/">政策</a><a href="/login">登录</a></div>
<div class="crumb">当前位置：<a href="/">首页</a> &gt; 正文</div>
<div class="main-content w1240"><h1 class="main-title">{sheet.title}</h1>
<div class="top-bar"><span class="date">{sheet.local:%Y年%m月%d日 %H:%M}</span>
<span class="source">来源：{sheet.publisher}</span><span>作者：{sheet.author}</span></div>
<div class="article" id="artibody">
{sheet.body}
<p class="editor">责任编辑：{sheet.author}</p>
</div></div>
<div class="blk-related"><h2>相关新闻</h2><ul>{sheet.links(4)}</ul></div>
<div class="footer">电驰日报 版权所有 不得转载</div></body></html>
"""


def rich_media(sheet: Sheet) -> str:
    """An account page of a Chinese messaging platform: every paragraph a section of spans."""
    sections = "\n".join(
        f'<section style="margin:16px 8px">{block}</section>' for block in sheet.blocks
    )
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{sheet.title}</title>
<meta property="og:title" content="{sheet.title}">
<meta name="author" content="{sheet.author}"></head>
<body id="activity-detail" class="zh_CN"><div id="js_article" class="rich_media">
<div class="rich_media_inner"><div id="page-content" class="rich_media_area_primary">
<h1 class="rich_media_title" id="activity-name">{sheet.title}</h1>
<div id="meta_content" class="rich_media_meta_list"><span>{sheet.author}</span>
<a href="/">{sheet.publisher}</a><em id="publish_time">{sheet.local:%Y-%m-%d %H:%M}</em></div>
<div class="rich_media_content" id="js_content">
{sections}
</div>
<div class="qr_code_pc"><p>长按识别二维码关注我们</p></div></div></div></div>
<div class="rich_media_tool"><span>阅读 4021</span><span>在看 37</span></div>
<div class="recommend"><p>推荐阅读</p><ul>{sheet.links(3)}</ul></div></body></html>
"""


def denchi(sheet: Sheet) -> str:
    """A Japanese trade paper in shift_jis, named in a meta tag only."""
    return f"""<!DOCTYPE html>
<html lang="ja"><head><meta charset="shift_jis"><title>{sheet.title}｜{sheet.publisher}</title>
<meta name="description" content="{sheet.piece.teaser}">{canonical(sheet)}</head>
<body><header><p class="logo"><a href="/">{sheet.publisher}</a></p>
<ul class="gnav"><li><a href="/materials/">材料</a></li><li><a href="/cells/">電池</a></li>
<li><a href="/cars/">車両</a></li><li><a href="/entry/">会員登録</a></li></ul></header>
<div id="wrap"><div id="main"><div class="article-head"><h1>{sheet.title}</h1>
<p class="date">{sheet.local:%Y/%m/%d %H:%M}　{sheet.author}</p></div>
<div class="article-body">
{sheet.body}
</div>
<div class="sns"><a href="#">シェアする</a></div></div>
<div id="side"><h2>アクセスランキング</h2><ol>{sheet.links(5)}</ol></div></div>
<footer><small>無断転載を禁じます。</small></footer></body></html>
"""
