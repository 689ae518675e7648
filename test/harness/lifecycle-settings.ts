import type { DeadlineTimes, LifecycleSettings } from '../../src/domain/settings.ts';

const MINUTE = 60_000;

/** As a configuration that says nothing of them has it. */
export const DEADLINES: DeadlineTimes = {
  powering: 10 * MINUTE,
  booting: 30 * MINUTE,
  loading: 20 * MINUTE,
  installing: 30 * MINUTE,
  silence: 60 * MINUTE,
  finishing: 30 * MINUTE,
  installed: 10 * MINUTE,
  'handing-off': 240 * MINUTE,
};

export function lifecycleSettings(change: Partial<LifecycleSettings> = {}): LifecycleSettings {
  return {
    deadlines: DEADLINES,
    platforms: new Map(),
    grantMs: 24 * 60 * MINUTE,
    claimMs: 60 * MINUTE,
    retries: 0,
    rules: [],
    ...change,
  };
}
