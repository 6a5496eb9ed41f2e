/*
severity: error
blocking: false
why: The comparison means nothing without the encoder whose vectors the pipeline uses.
*/
select
    dataset,
    control,
    count(*) filter (where is_in_use) as in_use
from feature.style_encoder_quality
group by dataset, control
having count(*) filter (where is_in_use) != 1
