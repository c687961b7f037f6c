-- The agency or wire that a text is signed with; known of an article stored so far once it is read
-- again (`voltwire store reextract`).
ALTER TABLE core.articles ADD COLUMN origin VARCHAR;

UPDATE core.articles SET origin = '';
