# SPDX-License-Identifier: MPL-2.0
# Completion of mezz for bash. Options are those that `mezz COMMAND --help` tells, so that none can be forgotten.

_mezz_options()
{
  "$1" "$2" --help 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z-]+=?' | tr -d ' ,' | sort -u
}

# What a run can be asked for, by itself.
_mezz_commands()
{
  "$1" control "$2" help 2>/dev/null | sed 's/ .*//'
}

# What an option of a command takes, where that can be listed.
_mezz_values()
{
  case $1 in
  --report) [[ $2 != test ]] || echo text tap junit ;;
  --trace) echo faults mmio io ;;
  --stats) echo table json ;;
  --dirty-source) echo auto ring log wp ;;
  --snapshot-on) echo mark exit panic timeout line: ;;
  --memory-backend) echo auto uffd plain ;;
  --huge) echo thp hugetlb ;;
  --format) echo ept ia32e ;;
  esac
}

_mezz()
{
  local mezz=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} values

  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$("$mezz" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p') --help --version" -- "$current")
    return
  fi
  # "=" is a word of its own here.
  [[ $previous != = ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}
  [[ $current != = ]] || { previous=${COMP_WORDS[COMP_CWORD - 1]} current= ; }
  values=$(_mezz_values "$previous" "${COMP_WORDS[1]}")
  if [[ -n $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
  elif [[ ${COMP_WORDS[1]} == control ]] && ((COMP_CWORD == 3)); then
    mapfile -t COMPREPLY < <(compgen -W "$(_mezz_commands "$mezz" "${COMP_WORDS[2]}")" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_mezz_options "$mezz" "${COMP_WORDS[1]}")" -- "$current")
    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}

complete -F _mezz mezz
