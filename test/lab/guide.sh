#!/bin/sh
# The guide's whole way (docs/guide.md), by nothing but podboot's command line and jq: from an empty management node to a machine
# that Slurm gives work to. test/lab/guide.test.ts prepares what a site has before that: a network, a machine with a BMC, a
# medium, a Slurm and its program that lets a node join. Ends with 0 where the node is ready.
#
#   PROVISIONING  interface of the machines       MEDIUM     folder with an installer's kernel and initrd
#   /etc/podboot/power.key: 32 random bytes in hexadecimal, as docs/power.md has it
#   NODE MAC ADDRESS BMC BMC_USER BMC_PASSWORD    SLURM_CONF JOIN (the program; it is given the node's name)
set -eu

step() { printf '\n== %s\n' "$*"; }
config=/etc/podboot/podboot.yaml

step '1. The management node: a configuration from what it has'
podboot init --interface "$PROVISIONING" --output "$config"
# How BMCs' passwords are sealed, what is installed, and what finished nodes join.
cat >>"$config" <<EOF
power:
  keyFile: /etc/podboot/power.key
profiles:
  os: { kind: preseed, asset: installer, arguments: "console=ttyS0,115200" }
install:
  values: { mirror: "http://10.77.0.1/none", disk: { path: /dev/vda } }
clusters:
  hpc:
    runner: command
    argv: ["$JOIN", "{hosts}"]
    roles: [gpu]
    settle: 0s
    slurmConf: $SLURM_CONF
EOF

step '2. Its medium'
podboot assets import "$MEDIUM" --config "$config" --assets-dir /var/lib/podboot/assets \
  --name installer --kernel vmlinuz --initrd initrd.img --release 1

step '3. Is it right, and is the host?'
podboot check-config "$config"
# It ends with 1 for what only hurts; trouble would keep machines from booting.
podboot doctor --config "$config" --json --no-network >/var/lib/podboot/doctor.json || [ $? = 1 ]
jq -r '.findings[] | select(.level != "ok") | "\(.level) \(.check): \(.text)"' /var/lib/podboot/doctor.json

step '4. The daemon'
podboot serve --config "$config" >/var/lib/podboot/log 2>&1 &
daemon=$!
trap 'kill $daemon; wait $daemon || true' EXIT
until podboot health >/dev/null 2>&1; do
  kill -0 $daemon || { cat /var/lib/podboot/log; exit 1; }
  sleep 0.2
done
PODBOOT_TOKEN_FILE=/var/lib/podboot/first-token
export PODBOOT_TOKEN_FILE
podboot status

step '5. The node, from a table, and its BMC'
printf '%s' "$BMC_PASSWORD" | podboot bmc credentials set lab --user "$BMC_USER"
printf 'name,mac,address,roles,bmcDriver,bmcHost,bmcCredentials\n%s,%s,%s,gpu,ipmi,%s,lab\n' "$NODE" "$MAC" "$ADDRESS" "$BMC" |
  podboot enrol - --format csv
podboot bmc test "$NODE"
podboot explain "$NODE" --firmware uefi-x64

step '6. Arm it, power it, install it'
podboot install "$NODE" --profile os --dry-run
podboot install "$NODE" --profile os --reason 'the guide'

was=
deadline=$(($(date +%s) + ${GUIDE_LIMIT_SECONDS:-600}))
while :; do
  life=$(podboot nodes show "$NODE" --json | jq -r '"\(.state) \(.step // "") \(.fault.code // "")"')
  [ "$life" = "$was" ] || printf '%s %s\n' "$(date +%T)" "$life"
  was=$life
  case $life in
    ready*) break ;;
  esac
  if [ "$(date +%s)" -gt "$deadline" ]; then
    podboot diagnose "$NODE" || true
    podboot timeline "$NODE" | tail -n 30
    podboot runs list
    exit 1
  fi
  sleep 1
done

step '7. It was handed over, and Slurm says so'
podboot runs list
run=$(podboot runs list --json | jq -r 'first(.. | objects | select(.state? == "succeeded")).id')
podboot runs log "$run"
podboot hand-off status
podboot owner "$NODE" show

step '8. Taken from Slurm, and given back'
podboot owner "$NODE" none
podboot owner "$NODE" slurm
podboot owner "$NODE" show
podboot backup /var/lib/podboot/backup.tar.gz --config "$config"
step "$NODE is ready"
