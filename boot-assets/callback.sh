#!/bin/sh
# Tells podboot how an installation goes. For debian-installer, subiquity, anaconda and any POSIX shell; it needs curl,
# wget or busybox, and ends with 0 whatever comes of it: an installation must not fail because nobody listened.
#   sh callback.sh started
#   sh callback.sh progress TEXT
#   sh callback.sh log [FILE]          the end of a file, else of standard input
#   sh callback.sh failed TEXT
#   sh callback.sh finished [ROOT]     ROOT: where the new system is mounted (/target, /mnt/sysroot); has it report its first boot
#   sh callback.sh booted              from the new system, once
# The one-time token in the URL is this node's leave to report: the file goes away with the first boot.
PODBOOT_URL='{{ callbackUrl }}'

podboot_send() {
  # $1: event, $2: file with the text. busybox wget has no -T that can be trusted (Debian 12's crashes), GNU wget retries
  # by itself; --post-data is what both have.
  if command -v curl >/dev/null 2>&1; then
    curl -fsS -m 30 -o /dev/null -H 'Content-Type: text/plain' --data-binary "@$2" "$PODBOOT_URL$1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O /dev/null --header 'Content-Type: text/plain' --post-data="$(cat "$2")" "$PODBOOT_URL$1" ||
      wget -q -O /dev/null "$PODBOOT_URL$1"
  else
    busybox wget -q -O /dev/null --header 'Content-Type: text/plain' --post-data="$(cat "$2")" "$PODBOOT_URL$1" ||
      busybox wget -q -O /dev/null "$PODBOOT_URL$1"
  fi
}

podboot_tell() {
  # $1: event, $2: file with the text, $3: attempts
  podboot_attempt=1
  while ! podboot_send "$1" "$2" 2>/dev/null; do
    [ "$podboot_attempt" -lt "$3" ] || return 1
    podboot_attempt=$((podboot_attempt + 1))
    sleep 5
  done
}

podboot_host_keys() {
  # Public halves only, of the system below $1.
  for podboot_key in "$1"/etc/ssh/ssh_host_*_key.pub; do
    if [ -f "$podboot_key" ]; then cat "$podboot_key"; fi
  done
}

podboot_at_first_boot() {
  # $1: where the new system is mounted
  mkdir -p "$1/var/lib/podboot" "$1/etc/systemd/system/multi-user.target.wants" || return 0
  (umask 077 && cp "$0" "$1/var/lib/podboot/callback.sh") || return 0
  cat >"$1/etc/systemd/system/podboot-booted.service" <<'UNIT'
[Unit]
Description=Tell podboot that this system runs from its disk
Wants=network-online.target
After=network-online.target ssh.service sshd.service
ConditionPathExists=/var/lib/podboot/callback.sh

[Service]
Type=oneshot
ExecStart=/bin/sh /var/lib/podboot/callback.sh booted

[Install]
WantedBy=multi-user.target
UNIT
  ln -sf ../podboot-booted.service "$1/etc/systemd/system/multi-user.target.wants/podboot-booted.service"
}

podboot_event=$1
podboot_text=$(mktemp 2>/dev/null || echo "/tmp/podboot-text.$$")
case $podboot_event in
  started | progress | failed)
    shift
    echo "$*" >"$podboot_text"
    podboot_tell "$podboot_event" "$podboot_text" 5
    ;;
  log)
    # The last lines say why; podboot takes 16 kB at once.
    if [ -n "$2" ]; then tail -c 16000 "$2" >"$podboot_text"; else tail -c 16000 >"$podboot_text"; fi
    podboot_tell log "$podboot_text" 2
    ;;
  finished)
    if [ -n "$2" ]; then podboot_at_first_boot "$2"; fi
    podboot_host_keys "$2" >"$podboot_text"
    podboot_tell finished "$podboot_text" 12
    ;;
  booted)
    podboot_host_keys '' >"$podboot_text"
    if podboot_tell booted "$podboot_text" 60; then
      rm -f /var/lib/podboot/callback.sh /etc/systemd/system/podboot-booted.service \
        /etc/systemd/system/multi-user.target.wants/podboot-booted.service
    fi
    ;;
  *)
    echo 'callback.sh: started, progress, log, failed, finished or booted' >&2
    ;;
esac
rm -f "$podboot_text"
exit 0
