-- A volume that was made once stays in its stack's content, whatever the plan shrinks to.
alter table seat add column volume_made boolean not null default false;
