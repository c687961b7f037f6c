"""A run's summary as a Prefect artifact: the table that the terminal shows, in Markdown."""

from __future__ import annotations

from prefect.artifacts import acreate_markdown_artifact

from flows.report import RunReport


async def publish_summary(report: RunReport) -> None:
    """Attach the summary of ``report`` to the flow run that is under way."""
    await acreate_markdown_artifact(
        key=f"voltwire-{report.kind}", markdown=markdown(report), description=report.line()
    )


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
