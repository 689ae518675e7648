import { METRICS } from './metrics.ts';

/** docs/metrics.md, from the definitions: what is not here is not told. */
export function metricsReference(): string {
  const lines = [HEAD];
  lines.push('| metric | type | what | labels |', '|---|---|---|---|');
  for (const { name, type, help, labels } of METRICS) {
    const words = labels.map((each) => `\`${each.name}\`: ${each.meaning}`).join('; ');
    lines.push(`| \`${name}\` | ${type} | ${help} | ${words} |`);
  }
  return `${lines.join('\n')}\n`;
}

const HEAD = `# Metrics

<!-- Made by scripts/docs.ts from src/metrics. -->

\`GET /metrics\` at each address of \`api.listen\` is for Prometheus (text format 0.0.4). It needs a token; the one that
\`podboot token new --metrics\` makes opens this route and nothing else, so that a monitoring system can't power off a pod:

\`\`\`
podboot token new --metrics --config /etc/podboot/podboot.yaml > /etc/prometheus/podboot.token
systemctl reload podboot
\`\`\`

\`\`\`yaml
scrape_configs:
  - job_name: podboot
    authorization: { credentials_file: /etc/prometheus/podboot.token }
    static_configs: [{ targets: ["127.0.0.1:8067"] }]
\`\`\`

Alerts that are worth waking somebody are in [alerts.yml](monitoring/alerts.yml), a Grafana dashboard is
[dashboard.json](monitoring/dashboard.json).

Counters begin at 0 with each start. Labels have a bounded number of values: words of the code, and the subnets of
podboot.yaml; there is never a label for a node or a MAC address (\`podboot events\` and timelines are for those). Nothing is
counted for the sake of a scrape: the figures are those that the services keep anyhow, and what writes them is loaded at the
first scrape (half a megabyte). The event loop's delay is measured from the first scrape on.

## Health

| path | says | for |
|---|---|---|
| \`/healthz\` | 503 where only a restart helps: the thread that keeps the store is gone | liveness probes; systemd's watchdog starves by the same |
| \`/readyz\` | 503 while it starts or stops, or while its disk takes nothing | readiness probes, the take-over by another node |
| \`/api/v1/health\` | the same, each check with its mend | people and programs with the token |

The first two say one word, \`ok\` or \`not ok\`, and need no token from this host (a Unix socket, 127.0.0.0/8, ::1; not by way of
a proxy). \`podboot health\` asks \`/readyz\` and ends with 0 or 1.

## All metrics
`;
