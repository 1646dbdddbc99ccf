-- What goes is proved by what was there; what goes besides volumes goes by the same way; who loses a disk is told.

alter table purge
  add column found_at timestamptz, -- when its agent was seen to have it, before anything of it went; null: never yet
  alter column volume_id drop not null,
  add column data_id uuid references course_data, -- a version of a course's data, and no volume
  add check ((volume_id is null) <> (data_id is null));
create unique index purge_data_open on purge (data_id) where done_at is null;

insert into purge (id, installation_id, data_id, ordered_at)
  select gen_random_uuid(), installation_id, id, state_at from course_data where state = 'purging';

-- Times in which volumes that were made are missing or damaged, while their storage answers.
create table volume_loss (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  since_at timestamptz not null,
  told_at timestamptz, -- null while it is young: a look may be wrong
  ended_at timestamptz, -- null while it lasts
  count int not null -- how many were told of last
);
create unique index volume_loss_open on volume_loss (installation_id) where ended_at is null;

-- What an erasure took besides what was known when it was ordered: further lines of the ledger.
create table erasure_line (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  erasure_id uuid not null references erasure,
  line jsonb not null, -- as the ledger beside the database has it
  created_at timestamptz not null
);
