-- What a feed's publishing taught, and what is remembered of its last listing.
ALTER TABLE core.feed_states ADD COLUMN declared_url VARCHAR;
ALTER TABLE core.feed_states ADD COLUMN rhythm VARCHAR;
ALTER TABLE core.feed_states ADD COLUMN per_day DOUBLE;
ALTER TABLE core.feed_states ADD COLUMN listed VARCHAR;
ALTER TABLE core.feed_states ADD COLUMN newest_at TIMESTAMPTZ;
ALTER TABLE core.feed_states ADD COLUMN body_at TIMESTAMPTZ;
ALTER TABLE core.feed_states ADD COLUMN lied_at TIMESTAMPTZ;
ALTER TABLE core.feed_states ADD COLUMN missing_since TIMESTAMPTZ;
ALTER TABLE core.feed_states ADD COLUMN missing_polls INTEGER;
ALTER TABLE core.feed_states ADD COLUMN moved_to VARCHAR;
ALTER TABLE core.feed_states ADD COLUMN moves INTEGER;
ALTER TABLE core.feed_states ADD COLUMN told VARCHAR;

UPDATE core.feed_states SET declared_url = url, rhythm = '', listed = '', missing_polls = 0,
    moved_to = '', moves = 0, told = state;
-- A gone feed is not asked again any more: the few 404s that made one before are no proof.
UPDATE core.feed_states SET state = 'failing' WHERE state = 'gone' AND detail NOT LIKE 'http_410%';

ALTER TABLE core.gaps ADD COLUMN attempts INTEGER;
ALTER TABLE core.gaps ADD COLUMN detail VARCHAR;
UPDATE core.gaps SET attempts = 0, detail = '';
