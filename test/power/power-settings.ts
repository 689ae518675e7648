import type { PowerSettings } from '../../src/domain/power.ts';

export function powerSettings(change: Partial<PowerSettings> = {}): PowerSettings {
  return {
    atOnce: 64,
    minGapMs: 0,
    pollMs: 60_000,
    actionMs: 300_000,
    offMs: 1_000,
    bootAttempts: 3,
    credentials: [{ use: 'bmc', roles: [], groups: [], labels: {} }],
    ...change,
  };
}
