-- Example: SELECT a.url, v.version, v.seen_at, v.words_added, v.words_removed FROM article_versions v JOIN articles a USING (article_id) WHERE v.version > 1 ORDER BY v.seen_at DESC
CREATE OR REPLACE VIEW article_versions AS
SELECT article_id, version, seen_at, title, text, words_added, words_removed
FROM core.article_versions
UNION ALL
SELECT article_id, version, seen_at, title, text, words_added, words_removed FROM core.articles;
COMMENT ON VIEW article_versions IS 'Every version of every article, the newest included; cosmetic changes make none';
COMMENT ON COLUMN article_versions.article_id IS 'The article';
COMMENT ON COLUMN article_versions.version IS '1 for the first text seen, one more for each edit';
COMMENT ON COLUMN article_versions.seen_at IS 'When this version was fetched, UTC';
COMMENT ON COLUMN article_versions.title IS 'Headline of this version';
COMMENT ON COLUMN article_versions.text IS 'Text of this version';
COMMENT ON COLUMN article_versions.words_added IS 'Words it has that the version before had not; 0 for the first';
COMMENT ON COLUMN article_versions.words_removed IS 'Words of the version before that it lacks; 0 for the first';
