/** What tests of the lab are told apart by: their subject, and the machine's firmware. */
const SUBJECTS = [
  'boot',
  'install',
  'stuck',
  'switched-off',
  'faults',
  'media',
  'identified',
  'answers',
  'debian',
  'console',
  'guide',
] as const;
const MACHINES = ['uefi', 'bios', 'http', 'secure', 'arm64', 'relay'] as const;
type Subject = (typeof SUBJECTS)[number];
type Kind = (typeof MACHINES)[number];

/** Emulated machines take minutes: `npm test` boots one and installs one, and `npm run test:lab` has all of them. */
const OF_NPM_TEST = 'boot.uefi,install.uefi';

/**
 * Whether a test of the lab is to be run. PODBOOT_LAB chooses, whatever the tier: `install` all installations, `bios` all
 * BIOS machines, `install.bios` what is both, `install.bios,faults` these and those.
 * @throws where PODBOOT_LAB names what there is not: a run of nothing would pass
 */
export function isChosen(subject: Subject, machine: Kind): boolean {
  const asked = process.env.PODBOOT_LAB === '' ? undefined : process.env.PODBOOT_LAB;
  const choice = asked ?? (process.env.PODBOOT_TEST_TIER === 'test' ? OF_NPM_TEST : undefined);
  if (choice === undefined) return true;
  return choice.split(',').some((words) =>
    words.split('.').every((word) => {
      if (![...SUBJECTS, ...MACHINES].some((known) => known === word)) {
        throw new Error(`PODBOOT_LAB: there is no "${word}", but ${[...SUBJECTS, ...MACHINES].join(', ')}`);
      }
      return word === subject || word === machine;
    }),
  );
}
