-- Example: SELECT a.* FROM article_urls u JOIN articles a USING (article_id) WHERE u.url = 'https://example.org/news/1'
CREATE OR REPLACE VIEW article_urls AS
SELECT url, article_id FROM core.article_urls;
COMMENT ON VIEW article_urls IS 'Every address known to lead to an article';
COMMENT ON COLUMN article_urls.url IS 'Canonical form of an address';
COMMENT ON COLUMN article_urls.article_id IS 'The article it leads to';
