-- Who does not come any more keeps their seat and its number. An allowance is for those who come, so as many numbers more are given.
alter table course add column dormant_holders int not null default 0;
