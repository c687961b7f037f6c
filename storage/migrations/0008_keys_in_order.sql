-- The keys of an article stand together, in the order in which articles came: then a look at the
-- end of the table finds all of an article's keys or none, and the ids take less room.
CREATE TABLE core.ordered_keys AS
    SELECT k.key, k.article_id, k.day, k.kind FROM core.signature_keys k
    JOIN (SELECT article_id, min(rowid) AS place FROM core.signature_keys GROUP BY article_id) f
    USING (article_id)
    ORDER BY f.place;
DROP TABLE core.signature_keys;
ALTER TABLE core.ordered_keys RENAME TO signature_keys;
