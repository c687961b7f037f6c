"""A run's summary as a Prefect artifact: the table that the terminal shows, in Markdown."""

from __future__ import annotations

from prefect import get_run_logger
from prefect.artifacts import acreate_markdown_artifact

from flows.report import RunReport


async def publish_summary(report: RunReport) -> None:
    """Attach the summary of ``report`` to the flow run that is under way, and log its one line.

    A summary that cannot be saved is logged: the articles are in the store, and a run marked as
    failed would say that they are not.
    """
    log = get_run_logger()
    log.info(report.line())
    try:
        await acreate_markdown_artifact(
            key=f"voltwire-{report.kind}", markdown=markdown(report), description=report.line()
        )
    except Exception as error:  # whatever the server or the way to it does
        log.warning("the summary was not saved: %s", error)


def markdown(report: RunReport) -> str:
    """The report as a Markdown table, failures below it."""
    lines = [f"# {report.line()}", "", "| | |", "|---|---|"]
    lines += [f"| {label} | {_cell(figure)} |" for label, figure in report.rows()]
    if report.published:
        lines.append(f"| store | `{_cell(report.published)}` |")
    if report.detail:
        lines.append(f"| note | {_cell(report.detail)} |")
    failures = report.failures()
    if failures:
        lines += ["", "| failed feed | why |", "|---|---|"]
        lines += [f"| {_cell(slug)} | {_cell(why)} |" for slug, why in failures]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
