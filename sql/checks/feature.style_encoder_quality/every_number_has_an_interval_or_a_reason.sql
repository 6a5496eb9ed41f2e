/*
severity: error
blocking: false
why: An accuracy is read with its interval, and a missing one with its reason.
*/
select * from feature.style_encoder_quality
where
    (accuracy is null and note is null)
    or (
        accuracy is not null
        and not (accuracy between ci_low - 1e-9 and ci_high + 1e-9 and isfinite(accuracy) and n > 0)
    )
