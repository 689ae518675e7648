import type { DnsSettings } from '../../src/domain/settings.ts';

/** As podboot.yaml without a `dns` section and without `site.domain`. */
export const PLAIN_DNS: DnsSettings = { port: 53, serverName: 'podboot', ttlSeconds: 60, clients: [], records: [] };
