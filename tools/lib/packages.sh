# Shared by tools/serve and tools/test: which Debian packages are needed, and installing those that are missing.
# shellcheck shell=bash
# shellcheck disable=SC2034

# What the server is built with.
buildPackages=(g++ ccache meson ninja-build pkg-config liburing-dev libfmt-dev libspdlog-dev libssl-dev libsodium-dev
  libseccomp-dev libcli11-dev libtomlplusplus-dev libboost1.81-dev nlohmann-json3-dev prometheus-cpp-dev)

# What the tests are built with, and the programs that they talk to.
testPackages=(
  doctest-dev clang-format clang-16 python3 python3-clang-16 python3-dnspython python3-jsonschema python3-yaml
  util-linux iproute2 groff-base
  bind9-dnsutils knot-dnsutils ldnsutils dnsperf bind9 bind9-utils knot nsd unbound valgrind chromium prometheus
  fstrm-bin dnsdist redis-server
)

# What the tests of the whole system need besides.
systemTestPackages=(pdns-server pdns-backend-sqlite3 sqlite3
  systemd python3-seccomp golang-github-containers-common cmake doxygen python3-dev pybind11-dev)

# What the micro-benchmarks are built with.
benchmarkPackages=(libbenchmark-dev)

# What tools/bench compares with, and what it loads them with.
peerPackages=(knot nsd bind9 pdns-server pdns-backend-bind unbound dnsperf python3 util-linux)

# What Debian packages are built with, and judged by.
packagingPackages=(build-essential debhelper dpkg-dev lintian)

# What fuzzers and the second compiler need.
sanitizerPackages=(libclang-rt-16-dev procps)

# Prints those of the named packages that are not installed.
missingPackages() {
  local installed
  installed=$(dpkg-query --show --showformat '${db:Status-Status} ${binary:Package}\n' 2>/dev/null |
    sed -n 's/^installed \([^:]*\).*/\1/p')
  local package
  for package in "$@"; do
    grep -qxF -- "$package" <<<"$installed" || printf '%s\n' "$package"
  done
}

# Forbids package scripts to start services: Debian would start the servers that come with some test programs.
policyFile=/usr/sbin/policy-rc.d
policyBackup=

forbidServices() {
  if [[ -e $policyFile || -L $policyFile ]]; then
    policyBackup=$(mktemp --dry-run "$policyFile.taut-XXXXXX")
    mv -- "$policyFile" "$policyBackup"
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policyFile"
  chmod 755 "$policyFile"
}

restoreServices() {
  rm -f -- "$policyFile"
  if [[ -n $policyBackup ]]; then
    mv -- "$policyBackup" "$policyFile"
    policyBackup=
  fi
}

aptGet() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" \
    </dev/null >>"$aptLog" 2>&1
}

# Installs those of the named packages that are missing, and says so; a reason and status 1 where it cannot.
ensurePackages() {
  local missing
  mapfile -t missing < <(missingPackages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    echo "Missing Debian packages, and only root can install them: apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "Installing Debian packages: ${missing[*]}"
  aptLog=$(mktemp)
  # In a subshell, so that its trap restores the policy however the installation ends.
  if ! (
    trap restoreServices EXIT
    trap 'exit 130' INT TERM HUP
    forbidServices
    aptGet update && aptGet install --no-install-recommends "${missing[@]}"
  ); then
    tail -n 20 "$aptLog" >&2
    echo "Installing failed: apt-get install ${missing[*]}" >&2
    rm -f -- "$aptLog"
    return 1
  fi
  rm -f -- "$aptLog"
}
