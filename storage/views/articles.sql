-- Example: SELECT published_at, publisher, title FROM articles WHERE text ILIKE '%solid-state%' ORDER BY published_at DESC LIMIT 20
CREATE OR REPLACE VIEW articles AS
SELECT a.article_id, a.url, a.canonical_url, a.feed, a.publisher, a.title, a.author, a.language,
    a.published_at, a.published_from, a.fetched_at, a.text, a.words, a.text_source,
    list_concat(a.topics, string_split(nullif(a.subjects, ''), '|')) AS topics,
    a.version, a.story_id, a.is_representative, a.published_on, a.published_raw, a.modified_at,
    a.section, a.tags, a.image, a.notice, a.metadata_from
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
COMMENT ON COLUMN articles.topics IS 'What it is about: fields such as electric-vehicles, batteries, charging, storage, minerals, then chemistries, minerals, technologies and policies by name, of mentions with is_main';
COMMENT ON COLUMN articles.version IS '1, and one more for each edit seen; see article_versions';
COMMENT ON COLUMN articles.story_id IS 'Story it belongs to; its own when nothing resembles it';
COMMENT ON COLUMN articles.is_representative IS 'Whether it is the copy shown for its story';
COMMENT ON COLUMN articles.published_on IS 'Day of publication as its publisher wrote it, in the publisher''s own zone; the day of published_at in UTC where no zone was written';
COMMENT ON COLUMN articles.published_raw IS 'The time of publication as it was written where it was found; empty when nothing says so';
COMMENT ON COLUMN articles.modified_at IS 'When the page says that it was changed last, UTC; NULL when it does not';
COMMENT ON COLUMN articles.section IS 'Section of the site that it stands in; empty when none is named';
COMMENT ON COLUMN articles.tags IS 'Keywords that the publisher gave it';
COMMENT ON COLUMN articles.image IS 'Address of its lead image; empty when none is named';
COMMENT ON COLUMN articles.notice IS 'paywall: the page says that it is not free, and text is the beginning that it shows; else empty';
COMMENT ON COLUMN articles.metadata_from IS 'JSON object: field -> what named it (json_ld, opengraph, meta, microdata, h1, title, byline, link, breadcrumb, time, dateline, html, text, url, entry, feed); metadata_from->>''$.title'' reads one';
