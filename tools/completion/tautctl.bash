# Completes tautctl in bash.
# shellcheck shell=bash

_tautctl() {
  local word=${COMP_WORDS[COMP_CWORD]} words=() socket=() i choices
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      -s | --socket) ((++i)); socket=(--socket "${COMP_WORDS[i]}") ;;
      --for | --timeout | --from | -c | --config | --type | --client | --rcode) ((++i)) ;;
      -*) ;;
      *) words+=("${COMP_WORDS[i]}") ;;
    esac
  done
  case ${COMP_WORDS[COMP_CWORD - 1]} in
    -s | --socket | -c | --config)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    --from)
      mapfile -t COMPREPLY < <(compgen -W 'bind knot nsd unbound coredns' -- "$word")
      return
      ;;
    --rcode)
      mapfile -t COMPREPLY < <(compgen -W 'NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED' -- "$word")
      return
      ;;
    --type)
      mapfile -t COMPREPLY < <(compgen -W 'A AAAA CNAME MX NS PTR SOA SRV TXT HTTPS DS DNSKEY ANY' -- "$word")
      return
      ;;
  esac
  if [[ ${words[*]} == import && $word != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    return
  fi
  case ${words[*]} in
    '')
      choices="status stats stop drain reload upgrade zone cache nta infra trace handlers log config tail top"
      choices+=" check import"
      choices+=" --socket --json --version --help"
      ;;
    check*) choices='--zones --config' ;;
    import*) choices='--from' ;;
    drain) choices='--off' ;;
    upgrade) choices='--timeout' ;;
    reload) choices='config zones --force' ;;
    'reload zones') choices='--force' ;;
    zone) choices='list status reload refresh retransfer notify flush dump' ;;
    'zone status' | 'zone reload' | 'zone refresh' | 'zone retransfer' | 'zone notify' | 'zone flush' | 'zone dump')
      # compgen expands its words, so a name with other characters must not be among them.
      choices=$(tautctl "${socket[@]}" --json zone list 2>/dev/null |
        sed -n 's/^{"zone":"\([-A-Za-z0-9._]*\)".*/\1/p' | head -n 1000)
      ;;
    cache) choices='flush show' ;;
    'cache flush'*) choices='--tree --type' ;;
    nta) choices='add remove list' ;;
    'nta add'*) choices='--for' ;;
    infra) choices='show flush' ;;
    'trace '*) choices='A AAAA CNAME MX NS PTR SOA SRV TXT HTTPS DS DNSKEY' ;;
    log) choices='level queries' ;;
    'log level') choices='error warning info debug' ;;
    'log queries') choices='on off configured' ;;
    'log '*) choices='--for' ;;
    config) choices='show diff schema' ;;
    tail*) choices='--type --client --rcode' ;;
    *) choices='--json' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _tautctl tautctl
