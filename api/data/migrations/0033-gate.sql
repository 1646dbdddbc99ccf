-- The gate: what the policy's rules saw in a change, who must approve it and who did.

alter table change
  add column author text, -- pseudonym, or a part of Labplan
  add column author_role text,
  add column facts jsonb, -- what the rules ask (stacks/rules/change-facts.ts): amounts, nobody's name
  add column rules jsonb not null default '[]'; -- those that hold, as the policy said them

-- An approval is of one digest of all that shapes the plan: of another it says nothing.
create table approval (
  change_id uuid not null references change,
  actor text not null,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  installation_id text not null default current_setting('labplan.installation') references installation,
  actor_role text not null,
  teams text[] not null,
  is_solo boolean not null, -- given by who proposed it, as the policy lets them
  created_at timestamptz not null,
  primary key (change_id, actor, digest)
);

-- Who belongs to which team of the policy. The policy is in Git and names nobody.
create table reviewer (
  person_id uuid not null references person,
  team text not null check (team ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'),
  installation_id text not null default current_setting('labplan.installation') references installation,
  created_at timestamptz not null,
  primary key (person_id, team)
);

-- What a review let a course have beyond the policy: seats, atOnce, hoursPerWeek, budget.
alter table course add column granted jsonb not null default '{}';
