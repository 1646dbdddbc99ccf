/**
 * What brings a scratch home to a volume, as the shell of the seat's own image runs it on the node that has it: any image
 * with `sh`, `cp`, `find`, `sync` and `mv` will do. It may be killed anywhere and be run again, and nothing comes twice.
 */

/** Where both are mounted. */
export const SCRATCH_AT = '/labplan/scratch'
export const HOME_AT = '/labplan/home'

/** By which a home says that it is a scratch home (scripts/images/seat/scratch.go). */
const NOTE = 'READ-ME-scratch-home.txt'

/** How it ends; anything else is a failure in its own words. */
export const ENDS = { folder: 0, home: 10, nothing: 11, noRoom: 28 } as const

/**
 * Arguments: FROM TO ID FOLDER. Never overwrites: all goes into one new folder, in the student's home where there is one; a home
 * that does not exist yet is made of it. Its copy is beside, on the disk, and only then gets its name, with the id in a file
 * by which it is known again. What every new home gets anyway (/etc/skel) is nothing to bring.
 */
export const BRING = `export LC_ALL=C
from=$1 to=$2 id=$3 folder=$4 mark=.from-scratch
err=$(mktemp) || exit 1
fail() { cat "$err" >&2; rm -rf "$part"; grep -qi 'no space left\\|quota exceeded' "$err" && exit ${ENDS.noRoom}; exit 1; }
part=
# One at a time: who was left behind by a node that was cut off lets go of it.
if command -v flock >/dev/null; then exec 9<"$from"; flock 9; fi
count=0 only=
for one in "$from"/* "$from"/.[!.]* "$from"/..?*; do
  [ -e "$one" ] || [ -L "$one" ] || continue
  case \${one##*/} in .labplan | lost+found) continue ;; esac
  count=$((count + 1)) only=\${one##*/}
done
[ $count = 0 ] && exit ${ENDS.nothing}
source=$from into=$to
if [ $count = 1 ] && [ -d "$from/$only" ] && ! [ -L "$from/$only" ]; then
  source=$from/$only
  if [ -d "$to/$only" ] && ! [ -L "$to/$only" ]; then into=$to/$only; fi
fi
is_ours() { [ -f "$1/$mark" ] && ! [ -L "$1/$mark" ] && [ "$(cat "$1/$mark")" = "$id" ]; }
end=${ENDS.folder}
if is_ours "$to/$only"; then exit ${ENDS.home}; fi
find "$source" ! -type d -exec sh -c '
  for file; do
    name=\${file#"$0"/}
    [ "$name" = ${NOTE} ] || cmp -s "$file" "/etc/skel/$name" || exit 1
  done' "$source" {} + && exit ${ENDS.nothing}
final=$into/$folder n=1
while [ -e "$final" ] || [ -L "$final" ]; do
  is_ours "$final" && exit ${ENDS.folder}
  n=$((n + 1)) final=$into/$folder-$n
done
if [ "$source" != "$from" ] && ! [ -e "$to/$only" ] && ! [ -L "$to/$only" ]; then final=$to/$only end=${ENDS.home}; fi
part=$into/.from-scratch-$id
rm -rf "$part" && mkdir -m 700 "$part" 2>"$err" || fail
cp -a "$source/." "$part/" 2>"$err" || fail
rm -rf "$part/.labplan" "$part/lost+found" "$part/${NOTE}"
{ printf %s "$id" >"$part/$mark" && chown "$(stat -c %u:%g "$part")" "$part/$mark"; } 2>"$err" || fail
{ find "$part" -type f -exec sync {} + && find "$part" -type d -exec sync {} +; } 2>"$err" || fail
mv "$part" "$final" 2>"$err" || fail
sync "$final/$mark" "$into" "$to" 2>"$err" || exit 1
exit $end
`

/** Arguments: FROM. Only after all of it is on the volume's disk. */
export const CLEAR = `find "$1" -mindepth 1 -delete`
