-- What news and stories show of a story is kept with it: counting it at each question meant
-- grouping all articles, whatever week was asked for.
ALTER TABLE core.stories ADD COLUMN articles INTEGER;
ALTER TABLE core.stories ADD COLUMN publishers INTEGER;
ALTER TABLE core.stories ADD COLUMN first_published_at TIMESTAMPTZ;
ALTER TABLE core.stories ADD COLUMN last_published_at TIMESTAMPTZ;

UPDATE core.stories SET articles = g.articles, publishers = g.publishers,
    first_published_at = g.first_at, last_published_at = g.last_at
FROM (
    SELECT m.story_id, count(*) AS articles, count(DISTINCT a.publisher) AS publishers,
        min(a.published_at) AS first_at, max(a.published_at) AS last_at
    FROM core.story_members m JOIN core.articles a ON a.article_id = m.article_id
    GROUP BY m.story_id
) g
WHERE g.story_id = core.stories.story_id;
