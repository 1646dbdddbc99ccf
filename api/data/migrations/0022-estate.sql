-- The estate: what of the approved plan was last written to Git, and what keeps it from being written.
create table estate (
  installation_id text primary key default current_setting('labplan.installation') references installation,
  state text not null check (state in ('current', 'held')),
  state_at timestamptz not null,
  digest text references blueprint, -- of the blueprint that main stands for
  version int, -- of the approved documents: a title changes no blueprint
  commit text, -- main, as we last left it
  message text -- why it is held, in a sentence
);
