-- How volumes were before: what keeps them takes snapshots around classes.

alter table course add column snapshots int not null default 0 check (snapshots >= 0); -- kept of each volume, as the blueprint in force says

alter table volume
  add column snapshots_at timestamptz, -- the instant around a class that was looked to last
  add column snapshots_kept int; -- what the storage agent was told to keep; null: nothing yet
