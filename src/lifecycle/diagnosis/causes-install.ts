import type { StoredEvent } from '../../domain/stored-event.ts';
import { type Cause, durationText, type Evidence } from './diagnosis-evidence.ts';

const isInstalling = ({ life }: Evidence) => life.state === 'installing';
const isRunning = (evidence: Evidence) => isInstalling(evidence) && evidence.life.step !== 'finished';
const isFinished = (evidence: Evidence) => isInstalling(evidence) && evidence.life.step === 'finished';

/** An installer's log, and the reason that it gave when it failed. */
function logLine(evidence: Evidence, pattern: RegExp): StoredEvent | undefined {
  const isItsWord = ({ event: { type, data } }: StoredEvent) =>
    /^installer\.|^syslog\./.test(type) || (type === 'life.fault' && data?.fault === 'installer-failed');
  return evidence.entries.findLast((entry) => isItsWord(entry) && pattern.test(entry.event.text));
}

/** What installers say themselves when they stop. */
function said(code: string, title: string, pattern: RegExp, mend: string): Cause {
  return {
    code,
    title,
    find(evidence) {
      const line = isRunning(evidence) ? logLine(evidence, pattern) : undefined;
      return line === undefined ? undefined : evidence.finding(`its installer says: ${line.event.text}`, mend, line);
    },
  };
}

/** From an installer to a system that answers. */
export const INSTALL_CAUSES: readonly Cause[] = [
  {
    code: 'given-up',
    title: 'a person gave the installation up',
    find(evidence) {
      const { fault } = evidence.life;
      if (fault?.code !== 'given-up') return undefined;
      return evidence.finding(
        fault.text,
        fault.mend ?? `podboot install ${evidence.name} starts anew.`,
        evidence.last('life.fault'),
      );
    },
  },
  said(
    'installer-clock',
    'the machine’s clock is wrong',
    /certificate (is )?(not yet valid|has expired)|not valid yet|clock (skew|is wrong)|Release file .* is not valid yet/i,
    'Set the machine’s clock (BMC or firmware), or give it NTP servers: option ntpServers, and the profile’s.',
  ),
  said(
    'installer-no-disk',
    'it has no disk to install on',
    /no (suitable |matching )?(disks?|storage|partitionable media|block devices?)( (were|was))? (found|detected|available|matched)|no root file system|could not find (a |any )?disk|ambiguous.*disk|disks? fits? the choice of/i,
    'Look at the profile’s choice of disks against what the machine has (serial, model, size), and at the driver of its controller.',
  ),
  said(
    'installer-mirror',
    'it can’t reach its packages',
    /(bad archive mirror|mirror .*(unreachable|not available|failed)|failed to (fetch|download|retrieve)|temporary failure resolving|could not resolve|no route to host|connection timed out|unable to locate package|error (setting up|downloading) (base|package|repos))/i,
    'Look at the mirror or proxy of the profile, the routers and name servers that DHCP tells, and whether this network reaches them.',
  ),
  {
    code: 'installer-failed',
    title: 'the installer says that it failed',
    find(evidence) {
      const { fault } = evidence.life;
      if (fault?.code !== 'installer-failed') return undefined;
      const lines = evidence.all(/^installer\.log$/).slice(-3);
      return evidence.finding(fault.text, fault.mend ?? 'Look at its console.', ...lines, evidence.last('life.fault'));
    },
  },
  {
    code: 'rebooted-while-installing',
    title: 'it booted from the network again in the middle of its installation',
    find(evidence) {
      const again = evidence.last('install.network-boot-again');
      if (again === undefined || !isRunning(evidence)) return undefined;
      return evidence.finding(
        `${evidence.name} booted from the network again before its installer was done; its disk may be half written`,
        `Look at its console and power. podboot install ${evidence.name} starts anew.`,
        again,
      );
    },
  },
  {
    code: 'answers-changed',
    title: 'its answer files changed while it fetched them',
    find(evidence) {
      const changed = evidence.last('install.answers-changed');
      if (changed === undefined || !isRunning(evidence)) return undefined;
      return evidence.finding(changed.event.text, changed.event.mend ?? 'Start it anew.', changed);
    },
  },
  {
    code: 'installer-not-started',
    title: 'it has its answer file, and its installer never said that it started',
    find(evidence) {
      if (!isRunning(evidence) || evidence.life.step !== 'claimed') return undefined;
      return evidence.finding(
        `${evidence.name} fetched its answer file and never said that it started`,
        'Look at its console: an installer that stops at a question, or an answer file without the callback (podboot render shows it).',
        evidence.last('install.answer'),
        evidence.last(/^(installer|syslog)\./),
      );
    },
  },
  {
    code: 'installer-silent',
    title: 'the installer fell silent',
    find(evidence) {
      if (!isRunning(evidence) || evidence.life.step !== 'started') return undefined;
      const word = evidence.last(/^(installer|syslog)\./) ?? evidence.last('life.step');
      const since = word === undefined ? '' : ` for ${durationText(evidence.input.now - word.at)}`;
      const lastWord = word === undefined ? '' : `; its last word: ${word.event.text}`;
      return evidence.finding(
        `the installer of ${evidence.name} has been silent${since}${lastWord}`,
        'Look at its console. A slow mirror and a large image take long: raise deadlines.silence if it goes on.',
        word,
      );
    },
  },
  {
    code: 'boots-network-after-install',
    title: 'it is installed, and its boot order begins with the network',
    find(evidence) {
      const again = evidence.last('install.network-boot-again');
      if (again === undefined || !isFinished(evidence)) return undefined;
      return evidence.finding(
        `${evidence.name} is installed and boots from the network again; it is sent to its disk, and its system was not heard of`,
        'Look at its console: whether it reaches its disk from there. Put the disk first in its boot order; try another boot.diskMethods.',
        again,
      );
    },
  },
  {
    code: 'switched-off',
    title: 'its installer has switched it off',
    find(evidence) {
      const power = evidence.last('effect.power-on');
      if (power === undefined || !isFinished(evidence)) return undefined;
      return evidence.finding(
        `the installer of ${evidence.name} switched the machine off when it was done, and its system was not heard of`,
        power.event.mend ?? `Power ${evidence.name} on, booting from its disk.`,
        power,
      );
    },
  },
  {
    code: 'other-system',
    title: 'another system than the installed one answers',
    find(evidence) {
      const other = evidence.last('install.ssh-other-key');
      if (other === undefined || !isFinished(evidence)) return undefined;
      return evidence.finding(
        `the installer of ${evidence.name} was done, and a system answers by SSH that is not the installed one`,
        `It may boot from another disk than it was installed on: look at the order of its disks and at its console. Or another machine has its address.`,
        other,
      );
    },
  },
  {
    code: 'first-boot-missing',
    title: 'it is installed, and its system was never heard of',
    find(evidence) {
      if (!isFinished(evidence)) return undefined;
      return evidence.finding(
        `the installer of ${evidence.name} was done, and its system has not reported from the disk`,
        `Look at its console: whether it boots from its disk, and has an address. If it does: podboot ready ${evidence.name}`,
        evidence.last('life.step'),
      );
    },
  },
  {
    code: 'hand-off-late',
    title: 'a runner has not ended',
    find(evidence) {
      const { state } = evidence.life;
      if (state !== 'handing-off' && state !== 'installed') return undefined;
      return evidence.finding(
        `${evidence.name} is ${state} and its runner is not done with it`,
        `Look at the runner's own log. podboot ready ${evidence.name} says that it is.`,
        evidence.last(/^(effect\.hand-off|runner\.)/),
      );
    },
  },
];
