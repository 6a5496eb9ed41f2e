/*
severity: warn
blocking: false
why: Style vectors that do not beat chance on a topic held fixed carry no style; with few authors they may not.
*/
select * from feature.style_encoder_quality
where is_in_use and control = 'same topic' and ci_low <= 0.5
