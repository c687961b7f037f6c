-- Example: SELECT company, value, unit, text FROM figures WHERE quantity = 'capacity' ORDER BY value DESC LIMIT 20
CREATE OR REPLACE VIEW figures AS
SELECT article_id, quantity, value, unit, text, company, value_high, start_char
FROM core.figures;
COMMENT ON VIEW figures IS 'Key figures that an article states, with the sentence that states them';
COMMENT ON COLUMN figures.article_id IS 'The article';
COMMENT ON COLUMN figures.quantity IS 'What is measured, such as a capacity, a range or a price';
COMMENT ON COLUMN figures.value IS 'The number in that unit; the lower one of a range';
COMMENT ON COLUMN figures.unit IS 'Unit that value and value_high are in, whatever unit the article uses';
COMMENT ON COLUMN figures.text IS 'The sentence it stands in';
COMMENT ON COLUMN figures.company IS 'Company that it is said of, as named in mentions; empty when none is near';
COMMENT ON COLUMN figures.value_high IS 'The higher number of a range; NULL when it is one number';
COMMENT ON COLUMN figures.start_char IS 'First character of the figure in the text, from 0; NULL when it stands in the headline';
