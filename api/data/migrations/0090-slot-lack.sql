-- Times in which the storage agent that answered was of a version that brings no student's own volume into a seat: seats begin without.

create table slot_lack (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  backend text not null check (backend in ('local', 'nfs', 'cephfs')),
  since_at timestamptz not null, -- the first look at which it was so
  noticed_at timestamptz not null, -- when it had been so for long enough
  ended_at timestamptz -- null while it lasts
);
create unique index slot_lack_open on slot_lack (backend) where ended_at is null;
