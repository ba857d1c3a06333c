# SPDX-License-Identifier: MPL-2.0
# Pages in a headless Chromium: source this behind tests/system/lib.sh.

need_browser()
{
  command -v chromium >/dev/null || skip_all 'chromium is not installed (Debian: chromium)'
}

# browse PAGE FLAG...: prints the document as it is when the page has come to rest. Nothing is remembered, and there is no
# network: every name leads nowhere.
browse()
{
  local page=$1
  shift
  HOME=$work timeout 300 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --disable-background-networking --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$work/profile" \
    --virtual-time-budget=30000 --window-size=1280,2000 "$@" --dump-dom "file://$page" 2>"$work/browser.err"
}

# judge PAGE STATS FLAG...: the verdicts of tests/picture/judge.js on the page, a line each: "ok NAME" or "not ok NAME: WHY".
# STATS is a file with what --stats=json said.
judge()
{
  local page=$1 stats=$2 judged=$work/judged.html
  shift 2
  {
    sed '/^<\/body>$/,$d' "$page"
    printf '<script type="application/json" id="wanted">'
    sed 's/</\\u003c/g' "$stats"
    printf '</script>\n<script>\n'
    cat "$srcdir/tests/picture/judge.js"
    printf '</script>\n</body>\n</html>\n'
  } >"$judged"
  browse "$judged" "$@" | sed -n '/<pre id="verdicts">/,/<\/pre>/p' |
    sed -e 's/.*<pre id="verdicts">//' -e 's/<\/pre>.*//' -e 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'
}

# judged PREFIX PAGE STATS FLAG...: a test a verdict
judged()
{
  local prefix=$1 line count=0
  shift
  while read -r line; do
    case $line in
    'ok '*) ok "$prefix${line#ok }" ;;
    'not ok '*) not_ok "$prefix$(sed 's/^not ok \([^:]*\).*/\1/' <<<"$line")" <<<"$line" ;;
    *) continue ;;
    esac
    count=$((count + 1))
  done < <(judge "$@")
  ((count > 0)) || not_ok "${prefix}is_judged" <"$work/browser.err"
}
