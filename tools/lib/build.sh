# Shared by tools/serve and tools/test: setting up a build folder and building in it.
# shellcheck shell=bash

# What ccache keeps of one folder serves in any other: paths count from the source. A precompiled header counts by its
# contents, which are read once and not for each file that includes it. The language of messages does not count, which
# dpkg-buildpackage sets.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_INODECACHE=1
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime,locale

# The compiler for meson, run by ccache where that is installed: meson adds ccache only where no compiler is named.
cachedCompiler() {
  if command -v ccache >/dev/null; then
    echo "ccache $1"
  else
    echo "$1"
  fi
}

# Prints those of the options (-Dname=value) that the folder is set up without, as meson noted it.
differingOptions() {
  python3 - "$@" <<'PYTHON'
import json, sys
with open(sys.argv[1] + "/meson-info/intro-buildoptions.json") as file:
    values = {entry["name"]: str(entry["value"]) for entry in json.load(file)}
for option in sys.argv[2:]:
    name, value = option.removeprefix("-D").split("=", 1)
    if values.get(name, "").lower() != value.lower():
        print(option)
PYTHON
}

# Sets the folder up with the options (-Dname=value), or changes those that differ. Sixteen files of a program are
# compiled as one: most of the time goes into headers that they share.
configureBuild() {
  local folder=$1
  shift
  set -- -Dunity=on "$@"
  local log=$folder.log
  if [[ ! -f $folder/build.ninja ]]; then
    rm -rf -- "$folder"
    if ! meson setup "$folder" "$@" >"$log" 2>&1 </dev/null; then
      tail -n 20 "$log" >&2
      echo "Setting up $folder failed." >&2
      return 1
    fi
    rm -f -- "$log"
    return 0
  fi
  local change
  mapfile -t change < <(differingOptions "$folder" "$@")
  ((${#change[@]} == 0)) || meson configure "$folder" "${change[@]}" >/dev/null
}

# The argument that keeps ninja from starting more compilers than the memory holds, if any is needed: the largest files
# take a gigabyte each.
compilersThatFit() {
  local fit
  fit=$(awk '/^MemAvailable:/ { print int($2 / 1200000) }' /proc/meminfo)
  ((fit > $(nproc) + 2)) || echo "-j$((fit > 1 ? fit : 1))"
}

# Builds the targets (all without any), silently. Where it fails: what the compiler said, and in brokenTarget the first
# target that cannot be built.
buildTargets() {
  local folder=$1
  shift
  local log
  log=$(mktemp)
  # shellcheck disable=SC2046  # one argument or none
  if ! ninja -C "$folder" $(compilersThatFit) "$@" >"$log" 2>&1 </dev/null; then
    { sed -n '/^FAILED:/,$p' "$log" | grep -v '^\[' | grep . || tail -n 40 "$log"; } | head -n 80 >&2
    # shellcheck disable=SC2034  # for the script that calls
    brokenTarget=$(sed -n 's/^FAILED: //p' "$log" | head -n 1)
    echo "Building in $folder failed." >&2
    rm -f -- "$log"
    return 1
  fi
  rm -f -- "$log"
}
