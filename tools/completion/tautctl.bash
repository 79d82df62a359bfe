# Completes tautctl in bash.
# shellcheck shell=bash

_tautctl() {
  local word=${COMP_WORDS[COMP_CWORD]} words=() i choices
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      -s | --socket | --for) ((++i)) ;;
      -*) ;;
      *) words+=("${COMP_WORDS[i]}") ;;
    esac
  done
  case ${COMP_WORDS[COMP_CWORD - 1]} in
    -s | --socket)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
  esac
  case ${words[*]} in
    '') choices='status stop drain reload zone cache log top --socket --json --version --help' ;;
    drain) choices='--off' ;;
    reload) choices='zones' ;;
    zone) choices='list status reload dump' ;;
    'zone status' | 'zone reload' | 'zone dump')
      choices=$(tautctl --json zone list 2>/dev/null | sed -n 's/^{"zone":"\([^"]*\)".*/\1/p' | head -n 1000)
      ;;
    cache) choices='flush show' ;;
    'cache flush'*) choices='--tree' ;;
    log) choices='level' ;;
    'log level') choices='error warning info debug' ;;
    'log level '*) choices='--for' ;;
    *) choices='--json' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _tautctl tautctl
