-- Giving a place back is one statement as long as what the course's places were made right for still holds: a class that ends
-- gives all of its places back within seconds.

alter table course add column places_open int; -- how many rows of place are right until places_until; null: not said yet

-- Answers what is left to do: 'settle' (its places are to be made right first), 'serve' (somebody waits for one, or is told of an
-- end because somebody did) or 'nothing'. In this order, as api/data/settle-places.ts does: counted once nobody else may change it.
create function give_place_back(of_workspace uuid, of_course uuid, at timestamptz) returns text language plpgsql as $$
declare
  said record;
  there int;
begin
  update place set workspace_id = null where workspace_id = of_workspace;
  select places_open as open, places_until as until from course where id = of_course for no key update into said;
  if said.open is null or said.until is null or said.until <= at then
    return 'settle';
  end if;
  select count(*) from place where course_id = of_course into there;
  if there < said.open then
    return 'settle';
  end if;
  if there > said.open then
    delete from place where id in (select id from place where course_id = of_course and workspace_id is null
      limit there - said.open for update skip locked);
  end if;
  if exists (select from workspace where course_id = of_course and (state = 'queued' or turn_ends_at is not null)) then
    return 'serve';
  end if;
  return 'nothing';
end $$;
