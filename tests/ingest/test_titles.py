"""Which headline is the article's."""

from __future__ import annotations

from ingest.titles import without_site


def test_a_site_name_is_taken_off_either_end():
    """Separators of all kinds, the name or the host."""
    assert (
        without_site("Headline - with dash | Volt News", "Volt News", "") == "Headline - with dash"
    )
    assert without_site("voltnews: Headline", "", "www.voltnews.example") == "voltnews: Headline"
    assert without_site("VoltNews | Headline", "", "www.voltnews.example") == "Headline"
    assert without_site("A headline", "A headline", "") == "A headline"
    long_name = "“Cells” - Die Neue Tageszeitung"
    assert without_site(long_name, "", "www.tageszeitung.example") == "“Cells”"
    assert without_site("Cells - Volt.example", "", "www.volt.example") == "Cells"
