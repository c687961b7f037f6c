-- The year of a publisher's first article, where a person declared it: dates before it are not believed.
ALTER TABLE core.feeds ADD COLUMN first_year INTEGER DEFAULT 0;
