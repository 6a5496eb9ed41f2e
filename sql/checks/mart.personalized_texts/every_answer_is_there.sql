/*
severity: error
blocking: true
why: Who asked finds the answer where texts are read.
*/
select
    answers.request_id,
    answers.text
from request.answers
anti join mart.personalized_texts using (request_id, text)
