-- Whoever waits for a turn is told off the page too: their address, as the LMS sent it with the launch that queued
-- them, is kept here while they wait and nowhere else.
alter table workspace add column turn_mail text;

alter table notice drop constraint notice_audience_check;
alter table notice add constraint notice_audience_check
  check (audience in ('teachers', 'infra', 'both', 'address', 'waiting'));
