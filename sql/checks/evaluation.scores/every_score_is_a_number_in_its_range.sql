/*
severity: error
blocking: true
why: A share outside 0 to 1, or a number that is none, is a defect of its metric and would spoil every mean.
*/
select
    arm,
    example_id,
    metric,
    value
from evaluation.scores
where
    iteration = getvariable('iteration')
    and (
        not isfinite(value)
        or (metric in ('specificity', 'style_likeness') and abs(value) > 1.000001)
        or (metric not in ('specificity', 'style_likeness') and value < 0)
        or (
            metric in (
                'q', 'rouge1', 'rougeL', 'meteor', 'chrf', 'judge', 'rating_closeness', 'contradicting_pairs',
                'repeated_sentences', 'fragments', 'distinct_1', 'distinct_2'
            )
            and value > 1.000001
        )
    )
