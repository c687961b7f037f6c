-- Example: SELECT published_at, publisher, title FROM articles WHERE text ILIKE '%solid-state%' ORDER BY published_at DESC LIMIT 20
CREATE OR REPLACE VIEW articles AS
SELECT a.article_id, a.url, a.canonical_url, a.feed, a.publisher, a.title, a.author, a.language,
    a.published_at, a.published_from, a.fetched_at, a.text, a.words, a.text_source, a.topics,
    a.version, a.story_id, a.is_representative
FROM core.articles a;
COMMENT ON VIEW articles IS 'Every article once, with its newest text, copies of a story included';
COMMENT ON COLUMN articles.article_id IS '12 characters made from the canonical URL';
COMMENT ON COLUMN articles.url IS 'Address of the page, as it answered';
COMMENT ON COLUMN articles.canonical_url IS 'Address without tracking and variants: the identity';
COMMENT ON COLUMN articles.feed IS 'Slug of the feed that listed it; empty when it came from a backfill without one';
COMMENT ON COLUMN articles.publisher IS 'Who published it';
COMMENT ON COLUMN articles.title IS 'Headline';
COMMENT ON COLUMN articles.author IS 'Author line; empty when none is named';
COMMENT ON COLUMN articles.language IS 'Language of the text, BCP 47 primary tag';
COMMENT ON COLUMN articles.published_at IS 'When it was published, UTC; NULL when nothing says so';
COMMENT ON COLUMN articles.published_from IS 'Where that time comes from: page, feed, url, given, unknown';
COMMENT ON COLUMN articles.fetched_at IS 'When the text shown was fetched, UTC';
COMMENT ON COLUMN articles.text IS 'Body text, internal repeats cut';
COMMENT ON COLUMN articles.words IS 'Words of the text; characters in scripts without spaces';
COMMENT ON COLUMN articles.text_source IS 'page: extracted from the page; feed: the full text in the feed; given: handed in';
COMMENT ON COLUMN articles.topics IS 'Topics found, such as ev, battery, charging, storage, minerals';
COMMENT ON COLUMN articles.version IS '1, and one more for each edit seen; see article_versions';
COMMENT ON COLUMN articles.story_id IS 'Story it belongs to; its own when nothing resembles it';
COMMENT ON COLUMN articles.is_representative IS 'Whether it is the copy shown for its story';
