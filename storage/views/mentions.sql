-- Example: SELECT name, ticker, count(*) AS articles FROM mentions WHERE kind = 'company' GROUP BY ALL ORDER BY articles DESC LIMIT 20
CREATE OR REPLACE VIEW mentions AS
SELECT article_id, kind, name, ticker, count, in_title, in_lede, is_main, start_char, form
FROM core.mentions;
COMMENT ON VIEW mentions IS 'Companies, chemistries, minerals, technologies, places and policies that an article names, one row each';
COMMENT ON COLUMN mentions.article_id IS 'The article';
COMMENT ON COLUMN mentions.kind IS 'company, chemistry, mineral, technology, place, policy';
COMMENT ON COLUMN mentions.name IS 'Its name in the gazetteer, whatever name and script the article uses';
COMMENT ON COLUMN mentions.ticker IS 'Where a company is listed, as exchange:symbol, such as SZSE:300750; empty for what is not listed';
COMMENT ON COLUMN mentions.count IS 'How often headline and text name it';
COMMENT ON COLUMN mentions.in_title IS 'Whether the headline names it';
COMMENT ON COLUMN mentions.in_lede IS 'Whether the beginning of the text names it';
COMMENT ON COLUMN mentions.is_main IS 'Whether the article is about it: headline or beginning name it, or the text does often';
COMMENT ON COLUMN mentions.start_char IS 'First character of its first mention in the text, from 0; NULL when only the headline names it';
COMMENT ON COLUMN mentions.form IS 'What it is called where it is named first';
