-- What is derived from stored texts after they are saved: who and what they name, and key figures.
CREATE TABLE core.mentions (
    article_id VARCHAR, kind VARCHAR, name VARCHAR, ticker VARCHAR, count INTEGER,
    in_title BOOLEAN, in_lede BOOLEAN, is_main BOOLEAN, start_char INTEGER, form VARCHAR,
    id_hash UBIGINT
);
CREATE TABLE core.figures (
    article_id VARCHAR, quantity VARCHAR, value DOUBLE, value_high DOUBLE, unit VARCHAR,
    text VARCHAR USING COMPRESSION zstd, company VARCHAR, start_char INTEGER,
    qualifier VARCHAR, basis VARCHAR, written VARCHAR, id_hash UBIGINT
);
-- By which rules that was last done, as a number; NULL: not yet, or the text was changed since.
-- A column of one value takes no room, and 2 ms to look through for a million articles; to ask
-- another table which articles it lacks took a hundred times that.
ALTER TABLE core.articles ADD COLUMN derived UBIGINT;
-- Names among an article's topics, with | between them.  A list would be the right type, but DuckDB
-- writes the whole row anew, text and all, when a list in it is changed.
ALTER TABLE core.articles ADD COLUMN subjects VARCHAR;
