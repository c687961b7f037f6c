-- Example: SELECT c.url, count(*) AS cited FROM citations c GROUP BY ALL ORDER BY cited DESC LIMIT 20
CREATE OR REPLACE VIEW citations AS
SELECT l.article_id, l.url, l.canonical_url, u.article_id AS cited_article_id
FROM core.links l LEFT JOIN core.article_urls u ON u.url = l.canonical_url;
COMMENT ON VIEW citations IS 'Links in article texts, and the stored article each leads to';
COMMENT ON COLUMN citations.article_id IS 'The article that cites';
COMMENT ON COLUMN citations.url IS 'The link as it stands in the text';
COMMENT ON COLUMN citations.canonical_url IS 'Its canonical form';
COMMENT ON COLUMN citations.cited_article_id IS 'The stored article it leads to; NULL when there is none';
