"""``voltwire digest``."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import click

from flows.commands.options import json_option, settings_from, store_option

EXAMPLES = """\b
Examples:
  voltwire digest --output digest/
  voltwire digest --days 1 --output today/            the day alone
  voltwire digest --until 2026-10-31 --days 31 --output october/
  voltwire digest --full-text --output mine/          whole texts, for yourself alone
  voltwire digest --serve                             and look at it on 127.0.0.1
Open digest/index.html in a browser, or let a web server show the folder.
"""


@click.command(epilog=EXAMPLES)
@click.option("--days", type=click.IntRange(1, 366), help="Days shown.  [default: digest_days, 7]")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day.  [default: today, or the newest day stored where today is too late]",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the site: absent, empty, or a digest's.  [default: digest_output]",
)
@click.option("--newest-first", is_flag=True, help="Within a day by time, not by outlets.")
@click.option("--full-text", is_flag=True, help="Whole texts too: for private use alone.")
@click.option("--serve", is_flag=True, help="Then show it on 127.0.0.1 until Ctrl-C.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="With --serve; 0 for a free one.  [default: 8321]"
)
@store_option
@json_option
def command(
    days: int | None,
    until: datetime | None,
    output: Path | None,
    newest_first: bool,
    full_text: bool,
    serve: bool,
    port: int | None,
    store: Path | None,
    as_json: bool,
) -> int:
    """Write the news of some days as a site that opens from disk and from any web server.

    The stories of each day as cards, pages for companies and topics, trends, how the feeds fare, a
    search in the page. Calling it again changes only the files that are no longer right; nothing
    else in the folder is touched, and a folder that holds no digest is refused. With --serve and
    no folder it is made in one that goes when you stop.
    """
    from flows.context import utc_now
    from flows.screen import TerminalProgress
    from flows.site.build import digest_of, lines

    if port is not None and not serve:
        raise click.UsageError("--port goes with --serve")
    settings = settings_from(store)
    where = output or (Path(settings.digest_output) if settings.digest_output else None)
    if where is None and not serve:
        raise click.UsageError("name a folder with --output, or set digest_output")

    def make(folder: Path, site_url: str = "") -> None:
        with TerminalProgress(quiet=as_json) as progress:
            made = digest_of(
                replace(settings, site_url=settings.site_url or site_url),
                folder,
                now=utc_now(),
                days=days,
                until=until.date() if until else None,
                newest_first=newest_first,
                full_text=full_text or None,
                progress=progress,
            )
        if as_json:
            click.echo(json.dumps(asdict(made), ensure_ascii=False, indent=1, default=str))
        else:
            click.echo("\n".join(lines(made)))

    if not serve:
        assert where is not None
        make(where)
        return 0
    from flows.site.serving import PORT, show

    show(where, PORT if port is None else port, make)
    return 0
