/** What holds where podboot.yaml says nothing, as it would be written there. The schema shows them, `compile` uses them. */
export const DEFAULTS = {
  dataDir: '/var/lib/podboot',
  interface: { tftp: true, http: true, dns: false, syslog: false },
  dhcp: {
    leaseTime: '12h',
    quarantineTime: '1h',
    offerHoldTime: '60s',
    probeInterval: '10m',
    bootp: 'reservations',
    port: 67,
    proxyPort: 4011,
  },
  /** 1468 fits one frame of 1500 bytes: larger blocks are fragmented, and many ROMs lose fragments. */
  tftp: { port: 69, maxTransfers: 1000, maxBlockBytes: 1468, maxWindowBlocks: 64 },
  http: { port: 80, maxConnections: 4096 },
  dns: { port: 53, serverName: 'podboot', ttl: '60s' },
  boot: { loader: 'auto' },
  /** POST of a server takes up to five minutes; what takes longer is a platform of its own. */
  deadlines: {
    powering: '10m',
    booting: '30m',
    loading: '20m',
    installing: '30m',
    silence: '1h',
    finishing: '30m',
    installed: '10m',
    handingOff: '4h',
  },
  install: { grantTime: '24h', claimTime: '1h', retries: 0 },
  discovery: { identify: 'when-needed', interface: 'boot', automatic: false },
  power: { atOnce: 64, minGap: 0, pollInterval: '1m', actionTime: '5m', offTime: '5s', bootAttempts: 3 },
  cluster: { settle: '2m', inactivity: '1h', canary: 1, wave: 20, maxFailed: 0.1, sshUser: 'ubuntu' },
  console: { record: 'boots', keep: 10 },
  api: { listen: ['127.0.0.1:8067'] },
  log: { level: 'info', format: 'auto' },
} as const;
