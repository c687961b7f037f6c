"""Who wrote and who first published a story, as SQL shows it."""

from dataclasses import replace
from datetime import timedelta

from storage import articles, matches, stories


def test_stories_show_origin_and_first_publisher(con, build):
    """The wire that the copy shown is signed with, and who printed the story first."""
    late = build.prepared("a", publisher="Daily Post", published_at=build.noon)
    early = build.prepared("b", publisher="Wire", published_at=build.noon - timedelta(hours=2))
    alone = build.prepared("c", publisher="Review")
    undated = build.prepared("d", publisher="Blog", published_at=None)
    articles.save(con, [replace(late, origin="Reuters"), early, alone, undated])
    matches.save(con, [build.match("a", "b"), build.match("a", "d")])
    stories.apply(con, build.plan("a b d", "c"), build.noon)
    found = con.execute(
        "SELECT title, origin, first_publisher FROM stories ORDER BY title"
    ).fetchall()
    assert found == [("About a", "Reuters", "Wire"), ("About c", "", "Review")]
