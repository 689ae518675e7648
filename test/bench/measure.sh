#!/bin/bash
# measure.sh SHARED_BENCH LABEL START_CMD CASE: one figure of ../shared/bench, REPS times, appended to $OUT. START_CMD is run
# in the namespace of the system under test; CASE is one of the cases below.
bench=$1 label=$2 start=$3 case=$4
case $case in
  dhcp-*) exec "$bench/dhcp.sh" "$label" "$start" "${case#dhcp-}" ;;
  storm-*) NS=${case#storm-} exec "$bench/storm.sh" "$label" "$start" ;;
esac
. "$bench/lib.sh"
case $case in tftp-*) READY=u69 ;; dns-*) READY=u53 ;; http-*) READY=t80 ;; idle-*) READY="u67 u69 t80" ;; esac
# Ten clients with a hundred questions on their way; a question that was lost is a failure.
dns() { C dnsperf -s "$ADDR" -p 53 -d "$SCR/$1" -c 10 -q 100 -l 3 -T 1 2>/dev/null | awk '
  /Queries lost/ { lost = $3 } /Queries per second/ { qps = $4 } /Average Latency/ { mean = $4 * 1e3 }
  END { printf "{\"qps\":%.0f,\"failed\":%d,\"avg_ms\":%.3f}", qps, lost, mean }'; }
ns_up
sut_start "$start" || exit 1
for r in $(seq "$REPS"); do
  case $case in
    tftp-*) meas tftp "$label" "$case" "$r" C "$SCR/tftpload" -s "$ADDR" -p 69 -f f1m -c 200 -b 1468 -w "${case#tftp-}" ;;
    http-*) meas http "$label" "$case" "$r" C "$SCR/httpload" -s "$ADDR" -p 80 -f "${INITRD_PATH:-/initrd}" -c 64 -k 64 ;;
    dns-*) meas dns "$label" "$case" "$r" dns "q.${case#dns-}" ;;
    idle-*) meas idle "$label" "$case" "$r" sleep 2 ;;
    *) echo "measure.sh: no case $case" >&2; exit 2 ;;
  esac
done
sut_stop
