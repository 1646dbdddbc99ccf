-- Terraform's plans of the stacks that a waiting change touches, for its reviewers: never applied, and gone with the wait.
create table change_plan (
  change_id uuid not null references change,
  stack text not null, -- key of the stack
  installation_id text not null default current_setting('labplan.installation') references installation,
  digest text not null references blueprint, -- of the change as it was planned
  due_at timestamptz not null, -- the instant it was planned for
  planned_at timestamptz not null,
  counts jsonb, -- create, update, replace, delete; none when it could not be planned
  message text, -- why it could not, or would be held
  text text, -- what Terraform shows, without what looks like a secret or names somebody
  primary key (change_id, stack)
);
