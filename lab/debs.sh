# shellcheck shell=bash disable=SC2154 # lib.sh is read first
# Debian packages without installing them: downloaded with an apt state of our own, unpacked with dpkg -x.
# The machine's sources, lists and installed packages are neither used nor changed, so every machine gets the same.

# An apt that knows one suite only. The hooks of the machine's own apt are cleared: they are not for us to run.
debs_apt_conf() {
  local suite=$1 root=$2
  mkdir -p "$root"/{state/lists/partial,cache/archives/partial}
  : >"$root/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
    "${HEADROOM_DEBIAN:-http://deb.debian.org/debian} $suite main" >"$root/sources.list"
  cat >"$root/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$root/state";
Dir::State::status "$root/status";
Dir::Cache "$root/cache";
Dir::Etc::sourcelist "$root/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "60";
CONF
}

# debs_unpack SUITE FOLDER PACKAGE...
debs_unpack() {
  local suite=$1 into=$2 deb
  local root=${lab_cache:?}/apt/$1
  shift 2
  debs_apt_conf "$suite" "$root"
  (
    flock 8
    mkdir -p "$root/debs"
    cd "$root/debs" || exit
    # Lists that are older than the archive name files that are gone: refresh once and try again.
    apt-get -c "$root/apt.conf" -qq download "$@" 2>/dev/null || {
      apt-get -c "$root/apt.conf" -qq update
      apt-get -c "$root/apt.conf" -qq download "$@"
    }
    for deb in "$@"; do
      deb=$(find . -name "${deb}_*.deb" -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
      dpkg -x "$deb" "$into"
    done
    rm -rf "$root/debs"
  ) 8>"$root/lock" >&2
}
