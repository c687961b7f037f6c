-- Where a backfill stands, so that a stopped one goes on where it was.
ALTER TABLE core.coverage ADD COLUMN reach VARCHAR;
ALTER TABLE core.coverage ADD COLUMN looked_at TIMESTAMPTZ;
-- Days of pages that a sitemap made us fetch and that were published outside the window asked for:
-- the next window knows them without a request.
CREATE TABLE core.pages_outside (canonical_url VARCHAR, feed VARCHAR, day DATE);
