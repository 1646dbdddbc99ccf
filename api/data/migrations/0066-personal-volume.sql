-- A person's own volume, one for all of their courses that ask for it. Whose it is stands here and nowhere else.

alter table volume
  alter column seat_id drop not null,
  add column person_id uuid unique references person,
  add column last_used_at timestamptz, -- a person's own: when a seat of theirs last began with it
  add check (seat_id is null or person_id is null);

alter table course add column personal jsonb; -- { backend, quotaMb }; null: no personal volumes

alter table seat
  add column slot_made boolean not null default false, -- the folder that its holder's volume is mounted on is there
  add column slot_volume_id uuid references volume; -- what the storage agent has mounted there
