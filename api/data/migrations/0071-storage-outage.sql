-- Times in which what keeps volumes did not answer: nothing that needs it begins or ends meanwhile.

create table storage_outage (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  backend text not null check (backend in ('local', 'nfs', 'cephfs')),
  since_at timestamptz not null, -- the first look that got no answer
  noticed_at timestamptz not null, -- when a second one had got none either
  ended_at timestamptz, -- null while it lasts
  reason text not null -- in the words of who asked
);
create unique index storage_outage_open on storage_outage (backend) where ended_at is null;
create index storage_outage_ended on storage_outage (ended_at);
