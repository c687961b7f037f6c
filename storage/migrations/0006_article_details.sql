-- What pages say of their articles beside text and headline, and where each field came from.
ALTER TABLE core.articles ADD COLUMN published_on DATE;
ALTER TABLE core.articles ADD COLUMN modified_at TIMESTAMPTZ;
ALTER TABLE core.articles ADD COLUMN section VARCHAR;
ALTER TABLE core.articles ADD COLUMN tags VARCHAR[];
ALTER TABLE core.articles ADD COLUMN image VARCHAR;
ALTER TABLE core.articles ADD COLUMN notice VARCHAR;
ALTER TABLE core.articles ADD COLUMN metadata_from VARCHAR;

-- The zone in which an article stored so far was dated is not kept apart: its day is that in UTC
-- until `voltwire store reextract` reads the page again.
UPDATE core.articles SET published_on = make_timestamp(epoch_us(published_at))::DATE,
    section = '', tags = [], image = '', notice = '', metadata_from = '{}';
