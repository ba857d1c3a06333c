# SPDX-License-Identifier: MPL-2.0
# TAP for test scripts: source this, call ok, not_ok, skip or try once a test, and tap_end last.

tap_count=0

# ok NAME
ok()
{
  tap_count=$((tap_count + 1))
  echo "ok $tap_count - $1"
}

# not_ok NAME, with what there is to say about it on standard input
not_ok()
{
  tap_count=$((tap_count + 1))
  echo "not ok $tap_count - $1"
  sed 's/^/# /'
}

# skip NAME REASON
skip()
{
  tap_count=$((tap_count + 1))
  echo "ok $tap_count - $1 # SKIP $2"
}

# try NAME COMMAND...: ok if the command succeeds, else not_ok with what it printed
try()
{
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    ok "$name"
  else
    not_ok "$name" <<<"$said"
  fi
}

# empty NAME COMMAND...: ok if the command prints nothing, else not_ok with what it printed
empty()
{
  local name=$1 said
  shift
  said=$("$@" 2>&1)
  if [[ -z $said ]]; then
    ok "$name"
  else
    not_ok "$name" <<<"$said"
  fi
}

tap_end()
{
  echo "1..$tap_count"
}
