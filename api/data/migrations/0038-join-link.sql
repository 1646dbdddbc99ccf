-- A course may have one address at which people of its institution join it; a new one makes the former void.
alter table course add column join_open boolean not null default false;
alter table course add column join_number int not null default 0;
