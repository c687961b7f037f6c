-- Example: SELECT company, value, unit, text FROM figures WHERE quantity = 'energy' ORDER BY value DESC LIMIT 20
CREATE OR REPLACE VIEW figures AS
SELECT article_id, quantity, value, unit, text, company, value_high, start_char,
    qualifier, basis, written
FROM core.figures;
COMMENT ON VIEW figures IS 'Key figures that an article states, with the sentence that states them';
COMMENT ON COLUMN figures.article_id IS 'The article';
COMMENT ON COLUMN figures.quantity IS 'energy, energy_per_year, power, power_per_year, energy_density, range, charging_time, price_per_kwh, price_per_tonne, money, production_start';
COMMENT ON COLUMN figures.value IS 'The number in that unit; the lower one of a range; a date is its first day, as 20260701';
COMMENT ON COLUMN figures.unit IS 'Unit that value and value_high are in, whatever unit the article uses';
COMMENT ON COLUMN figures.text IS 'The sentence it stands in';
COMMENT ON COLUMN figures.company IS 'Company that it is said of, as named in mentions; NULL when none is near, or two equally';
COMMENT ON COLUMN figures.value_high IS 'The higher number of a range; NULL when it is one number';
COMMENT ON COLUMN figures.start_char IS 'First character of the figure in the text, from 0; NULL when it stands in the headline';
COMMENT ON COLUMN figures.qualifier IS 'What the words before it make of it: about, nearly, up_to, at_least, over, under; of a date early, mid, late, by, from; or empty';
COMMENT ON COLUMN figures.basis IS 'Cycle by which a driving range was measured, such as WLTP, EPA or CLTC; empty when none is named';
COMMENT ON COLUMN figures.written IS 'The figure as the article writes it';
