-- What runs is what was approved: the tools that plan and apply, the head under a seal, the branches we offered.

-- Engine, providers, lock and renderer, as a worker has seen them. Only approved ones apply anything.
create table tools (
  digest text primary key check (digest ~ '^[0-9a-f]{64}$'),
  installation_id text not null default current_setting('labplan.installation') references installation,
  parts jsonb not null,
  seen_at timestamptz not null,
  approved_at timestamptz,
  approved_by_role text,
  seal bytea, -- of the approval, under the key ring: a row that somebody wrote is none
  seal_key text
);

-- The head with its documents, sealed under the key ring: who can write rows cannot make a plan approved.
alter table blueprint_head add column seal bytea, add column seal_key text;

-- Commits of its branch as we wrote them: what was merged must be one of them.
alter table change add column offered text[] not null default '{}';

-- Of what it says: an approval that somebody wrote into the table counts for nothing.
alter table approval add column seal bytea, add column seal_key text;
