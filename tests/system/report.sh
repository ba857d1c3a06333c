# SPDX-License-Identifier: MPL-2.0
# Pages from recordings, as a browser shows them. Needs no KVM.
. "$srcdir/tests/system/lib.sh"
. "$srcdir/tests/picture/browser.sh"
need_jq

# What would become markup, or a script, if a page took it for such.
hostile='"></script><script>window.hostile=1</script><img src=http://x/ onerror=window.hostile=1><!--<script> & '"'"'`${7*7}\'

# record NAME EVENTS TEXT: a recording, and its numbers
record()
{
  jq -cn --argjson events "$2" --arg text "$3" -f "$srcdir/tests/picture/recording.jq" >"$work/$1.json" &&
    jq -c .stats "$work/$1.json" >"$work/$1.stats"
}

record few 3000 guest.elf
record many 100000 guest.elf
record hostile 500 "$hostile"
record none 0 ''

# Parts of pages that come from elsewhere: addresses of files or networks.
for name in few hostile; do
  mezz report "$work/$name.json"
  want_status 0
  want_no_err
  [[ $(head -n 1 "$work/out") == '<!DOCTYPE html>' && $(tail -n 1 "$work/out") == '</html>' ]] || wrong+='not a page'$'\n'
  verdict "a_page_of_${name}_on_standard_output"
done
mezz report "$work/few.json"
cp "$work/out" "$work/page"
mezz report --output "$work/few.html" "$work/few.json"
want_status 0
want_no_out
want_no_err
cmp -s "$work/page" "$work/few.html" || wrong+='the file is another page'$'\n'
! grep -aEiq '(https?|wss?|ftp):|//[a-z]|@import|<link[^>]+href="[^d]| src=' "$work/few.html" ||
  wrong+="$(grep -aEio '.{20}((https?|wss?|ftp):|//[a-z]|@import| src=).{20}' "$work/few.html")"$'\n'
verdict a_page_in_a_file_names_nothing_outside

sed -n 's/.*<script type="application\/json" id="recording">\(.*\)<\/script>$/\1/p' "$work/few.html" |
  jq -S . >"$work/embedded"
jq -S . "$work/few.json" | cmp -s - "$work/embedded" || wrong+='the recording in the page differs'$'\n'
verdict a_page_holds_its_recording

if [[ -n ${SANITIZE_CFLAGS:-} ]]; then
  skip pages_in_a_browser 'the sanitizers do not look into what a browser does; see the build without them'
elif command -v chromium >/dev/null; then
  for name in few many hostile; do
    mezz report -o "$work/$name.html" "$work/$name.json"
    judged "$name: " "$work/$name.html" "$work/$name.stats" --blink-settings=preferredColorScheme=1
  done
  judged 'dark: ' "$work/few.html" "$work/few.stats" --blink-settings=preferredColorScheme=0
  mezz report -o "$work/none.html" "$work/none.json"
  browse "$work/none.html" >"$work/out"
  want_out_line 'data-ready="0"'
  verdict a_run_without_faults_has_its_page
  mezz report -o "$work/many.html" "$work/many.json"
  browse "$work/many.html" >"$work/out"
  want_out_line 'data-ready="100000"'
  want_out_line 'id="scatter".* data-squares="[0-9]{4,5}"'
  verdict many_events_are_drawn_by_squares
else
  skip pages_in_a_browser 'chromium is not installed (Debian: chromium)'
fi
tap_end
