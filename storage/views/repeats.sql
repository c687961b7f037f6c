-- Example: SELECT a.title, r.words, r.removed_text FROM repeats r JOIN articles a USING (article_id) ORDER BY r.words DESC LIMIT 20
CREATE OR REPLACE VIEW repeats AS
SELECT article_id, start_char, end_char, of_start_char, of_end_char, words, similarity, removed_text
FROM core.repeats;
COMMENT ON VIEW repeats IS 'Stretches cut from an article because they stood in it twice';
COMMENT ON COLUMN repeats.article_id IS 'The article';
COMMENT ON COLUMN repeats.start_char IS 'First character of the stretch in the text as extracted, from 0';
COMMENT ON COLUMN repeats.end_char IS 'The character after its last';
COMMENT ON COLUMN repeats.of_start_char IS 'First character of the copy that was kept';
COMMENT ON COLUMN repeats.of_end_char IS 'The character after its last';
COMMENT ON COLUMN repeats.words IS 'Words cut';
COMMENT ON COLUMN repeats.similarity IS 'Share of the cut words that stand in the kept copy, 0 to 1';
COMMENT ON COLUMN repeats.removed_text IS 'What was cut';
