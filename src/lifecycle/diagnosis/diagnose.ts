import { BOOT_CAUSES } from './causes-boot.ts';
import { INSTALL_CAUSES } from './causes-install.ts';
import { NETWORK_CAUSES } from './causes-network.ts';
import { type Cause, type Diagnosis, type DiagnosisInput, durationText, Evidence } from './diagnosis-evidence.ts';

/** Above all others: what podboot itself could not do, and the clock that all times stand on. */
const OWN_CAUSES: readonly Cause[] = [
  {
    code: 'not-stored',
    title: 'podboot could not write it down',
    find(evidence) {
      const failed = evidence.last(/^(life\.not-stored|dhcp\.commit-failed)$/);
      if (failed === undefined) return undefined;
      return evidence.finding(failed.event.text, failed.event.mend ?? 'Look at the disk of dataDir.', failed);
    },
  },
  {
    code: 'wrong-clock',
    title: 'this host’s clock has jumped',
    find(evidence) {
      const jumped = evidence.daemonLast('dhcp.clock-jumped');
      const isOfNow = jumped !== undefined && jumped.at >= evidence.life.since;
      const isFar = Math.abs(Number(jumped?.event.data?.jumpMs ?? 0)) > 300_000;
      if (!isOfNow || !isFar) return undefined;
      const text = `the deadline of ${evidence.name} passed because this host's clock jumped: ${jumped.event.text}`;
      return evidence.finding(text, jumped.event.mend ?? 'Let chrony keep the time.', jumped);
    },
  },
];

/** In the order in which they are looked for: the first that the timeline bears out is told. */
export const CAUSES: readonly Cause[] = [...OWN_CAUSES, ...INSTALL_CAUSES, ...NETWORK_CAUSES, ...BOOT_CAUSES];

/** Why a node is where it is, with evidence and the next thing to do. Pure. */
export function diagnose(input: DiagnosisInput): Diagnosis {
  const evidence = new Evidence(input);
  for (const { code, find } of CAUSES) {
    const finding = find(evidence);
    if (finding !== undefined) return { code, ...finding };
  }
  return healthyOrUnexplained(input, evidence);
}

function healthyOrUnexplained({ life, now }: DiagnosisInput, evidence: Evidence): Diagnosis {
  const last = evidence.entries.slice(-3);
  if (life.deadlineAt === null || (now < life.deadlineAt && life.fault === undefined)) {
    return {
      code: 'on-its-way',
      text: `nothing is known to be wrong: it is ${life.state}`,
      mend: 'Nothing is to be done.',
      evidence: last,
    };
  }
  return {
    code: 'unexplained',
    text: `it has been ${life.state} for ${durationText(now - life.since)}, and its timeline does not say why`,
    mend: 'Look at its console and at the steps below.',
    evidence: last,
  };
}
