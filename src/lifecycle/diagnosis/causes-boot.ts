import type { StoredEvent } from '../../domain/stored-event.ts';
import { type Cause, type Evidence, isFirmware } from './diagnosis-evidence.ts';

/**
 * Asked for by every boot, and need not be there: shim's revocations and further certificates (protocols), the lists of
 * modules and fonts of a GRUB that has them built in.
 */
const OPTIONAL_FILES = /revocations|shim_certificate|\/grub\/\S*\.(lst|mod|pf2)\b/;

/** Before an installer has its answer file. */
const isLoading = ({ life }: Evidence) => life.state === 'booting' || life.state === 'powering';

function firmwareAck(evidence: Evidence): StoredEvent | undefined {
  return evidence.all('dhcp.ack', evidence.lastBoot).findLast(({ event }) => isFirmware(event.data?.stage));
}

/** The boot program came whole, by either way. */
function programsDone(evidence: Evidence): StoredEvent[] {
  return evidence.entries.filter(
    ({ event }) =>
      /\.(efi|kpxe|pxe|0)\b/.test(String(event.data?.file ?? '')) &&
      (event.type === 'tftp.done' ||
        event.type === 'tftp.unconfirmed' ||
        (event.type === 'http.asset' && event.data?.outcome === 'sent')),
  );
}

function kernelsDone(evidence: Evidence): StoredEvent[] {
  return evidence.lastBoot.filter(
    ({ event }) =>
      !/\.(efi|kpxe|pxe|0|cfg|iso)$/.test(String(event.data?.file ?? '.cfg')) &&
      (event.type === 'tftp.done' || (event.type === 'http.asset' && event.data?.outcome === 'sent')),
  );
}

/** From an address to an installer. */
export const BOOT_CAUSES: readonly Cause[] = [
  {
    code: 'no-program',
    title: 'there is no boot program for its firmware',
    find(evidence) {
      const none = evidence.last('boot.no-program', evidence.lastBoot) ?? evidence.last('boot.no-program');
      if (none === undefined || !isLoading(evidence) || programsDone(evidence).length > 0) return undefined;
      return evidence.finding(none.event.text, none.event.mend ?? 'Install the boot program.', none);
    },
  },
  {
    code: 'unrenderable',
    title: 'its boot script or answer file can’t be made',
    find(evidence) {
      const failed = evidence.last(/^(boot|install)\.unrenderable$/);
      if (failed === undefined || !isLoading(evidence)) return undefined;
      return evidence.finding(
        failed.event.text,
        failed.event.mend ?? `podboot render ${evidence.name} shows where.`,
        failed,
      );
    },
  },
  {
    code: 'asset-damaged',
    title: 'a file that it needs can’t be read or is damaged',
    find(evidence) {
      const damaged = evidence.last(/^(asset\.(damaged|missing)|tftp\.failed|http\.failed)$/);
      if (damaged === undefined || !isLoading(evidence)) return undefined;
      return evidence.finding(
        damaged.event.text,
        damaged.event.mend ?? 'podboot assets verify tells what is wrong with it.',
        damaged,
      );
    },
  },
  {
    code: 'asset-missing',
    title: 'a file that it needs is not there',
    find(evidence) {
      const missing = evidence.entries.findLast(
        ({ event }) =>
          (event.type === 'tftp.not-found' || event.type === 'http.refused') && !OPTIONAL_FILES.test(event.text),
      );
      if (missing === undefined || !isLoading(evidence) || kernelsDone(evidence).length > 0) return undefined;
      const mend =
        missing.event.mend ?? 'podboot assets list shows what there is; podboot check-config names what is missing.';
      return evidence.finding(missing.event.text, mend, missing);
    },
  },
  {
    code: 'tftp-stalled',
    title: 'TFTP does not come through',
    find(evidence) {
      const stalled = evidence.last(/^tftp\.(stalled|aborted)$/, evidence.lastBoot);
      const done = evidence.last('tftp.done', evidence.lastBoot);
      if (stalled === undefined || !isLoading(evidence) || (done !== undefined && done.sequence > stalled.sequence))
        return undefined;
      const mend =
        stalled.event.mend ?? 'Let UDP pass between the machine and all ports of this host, or use UEFI HTTP boot.';
      return evidence.finding(stalled.event.text, mend, stalled);
    },
  },
  {
    code: 'server-busy',
    title: 'too many machines load at once',
    find(evidence) {
      const busy =
        evidence.last(/^tftp\.(client-)?busy$/) ??
        evidence.input.daemon.findLast(({ event }) => event.type === 'tftp.busy');
      if (busy === undefined || !isLoading(evidence) || programsDone(evidence).length > 0) return undefined;
      return evidence.finding(
        `${evidence.name} was turned away: ${busy.event.text}`,
        busy.event.mend ?? 'Start fewer machines at once, or raise tftp.maxTransfers.',
        busy,
      );
    },
  },
  {
    code: 'sent-to-disk',
    title: 'it was sent to its disk, and not to its installer',
    find(evidence) {
      const told = evidence.lastBoot.findLast(
        ({ event }) =>
          event.type !== 'dhcp.offer' &&
          /(its disk|no boot file)/.test(event.text) &&
          /^(dhcp\.ack|http\.script|tftp\.config)$/.test(event.type),
      );
      if (told === undefined || !isLoading(evidence)) return undefined;
      return evidence.finding(
        `${evidence.name} asked the network and was sent to its disk: ${told.event.text}`,
        `podboot grants ${evidence.name} shows whether it is armed; podboot explain ${evidence.name} what it would get now.`,
        told,
      );
    },
  },
  // Before what the last boot lacks: a machine that tries again and again is on its way to fail there again.
  {
    code: 'answer-refused',
    title: 'its installer was refused its answer file',
    find(evidence) {
      const refused = evidence.last('install.refused');
      if (refused === undefined || !isLoading(evidence)) return undefined;
      const mend =
        refused.event.data?.reason === 'other-address'
          ? 'Its installer has another address than its firmware: look at which interface it uses (kernel arguments: interface=, BOOTIF).'
          : `Start it again: each network boot gets a token of its own. podboot grants ${evidence.name} shows its grant.`;
      return evidence.finding(refused.event.text, mend, refused);
    },
  },
  {
    code: 'answer-not-there',
    title: 'its installer asks for an answer file that its profile does not have',
    find(evidence) {
      const unknown = evidence.last('install.no-such-file');
      if (unknown === undefined || !isLoading(evidence)) return undefined;
      return evidence.finding(
        unknown.event.text,
        `Look at the kernel arguments: podboot explain ${evidence.name} shows them, podboot render ${evidence.name} which answer files there are.`,
        unknown,
      );
    },
  },
  {
    code: 'program-not-fetched',
    title: 'it has an address and never fetched its boot program',
    find(evidence) {
      const ack = firmwareAck(evidence);
      if (
        ack === undefined ||
        !isLoading(evidence) ||
        evidence.last(/^(tftp\.|http\.)/, evidence.lastBoot) !== undefined
      )
        return undefined;
      const way =
        ack.event.data?.stage === 'http' ? 'TCP port of http.port' : 'UDP 69 and the ports that TFTP answers from';
      return evidence.finding(
        `${evidence.name} has its address and was told to load ${String(ack.event.data?.bootFile ?? 'its boot program')}, and never asked for it`,
        `Look for a firewall on the ${way}, and for another server whose boot file it took (option 66, 67).`,
        ack,
      );
    },
  },
  {
    code: 'program-again-and-again',
    title: 'it fetches its boot program again and again: wrong architecture, or Secure Boot',
    find(evidence) {
      const done = programsDone(evidence);
      const script = evidence.last(/^(http\.script|tftp\.config)$/);
      if (done.length < 3 || script !== undefined || !isLoading(evidence)) return undefined;
      return evidence.finding(
        `${evidence.name} has fetched its boot program ${done.length} times and never ran it: it is of another architecture, or Secure Boot refuses it`,
        `With Secure Boot on, set its loader to grub: podboot nodes set ${evidence.name} --loader grub. Else look at boot.programs.`,
        ...done,
      );
    },
  },
  {
    code: 'program-silent',
    title: 'its boot program was fetched and is silent',
    find(evidence) {
      const done = programsDone(evidence);
      const isHeardAgain = evidence
        .all('dhcp.offer', evidence.lastBoot)
        .some(({ event }) => event.data?.stage === 'ipxe');
      if (done.length === 0 || isHeardAgain || !isLoading(evidence) || evidence.has(/^(http\.script|tftp\.config)$/))
        return undefined;
      return evidence.finding(
        `${evidence.name} fetched its boot program, and nothing was heard of that since: it has no driver for the network card, or Secure Boot refuses it`,
        `Look at its console. Try another program (boot.programs: ipxe.efi has drivers of its own), or grub: podboot nodes set ${evidence.name} --loader grub`,
        ...done,
      );
    },
  },
  {
    code: 'script-not-fetched',
    title: 'iPXE runs and never fetched its script',
    find(evidence) {
      const ack = evidence.all('dhcp.ack', evidence.lastBoot).findLast(({ event }) => event.data?.stage === 'ipxe');
      if (ack === undefined || !isLoading(evidence) || evidence.last('http.script', evidence.lastBoot) !== undefined)
        return undefined;
      return evidence.finding(
        `iPXE of ${evidence.name} has its address and never fetched its script by HTTP`,
        'Look for a firewall on the TCP port of http.port, and whether http is on for the interface.',
        ack,
      );
    },
  },
  {
    code: 'kernel-broken-off',
    title: 'the kernel or an initrd did not come whole',
    find(evidence) {
      const broken = evidence.lastBoot.findLast(
        ({ event }) => event.type === 'http.asset' && event.data?.outcome !== 'sent',
      );
      const after = kernelsDone(evidence).at(-1);
      if (broken === undefined || !isLoading(evidence) || (after !== undefined && after.sequence > broken.sequence))
        return undefined;
      return evidence.finding(
        broken.event.text,
        broken.event.mend ?? 'Look for lost packets on the way, and for too many machines that load at once.',
        broken,
      );
    },
  },
  {
    code: 'script-no-kernel',
    title: 'it has its script and never fetched a kernel',
    find(evidence) {
      const script = evidence.last(/^(http\.script|tftp\.config)$/, evidence.lastBoot);
      const fetched =
        script === undefined
          ? undefined
          : evidence.lastBoot.find(
              ({ sequence, event }) => sequence > script.sequence && /^(http\.asset|tftp\.done)$/.test(event.type),
            );
      if (script === undefined || fetched !== undefined || !isLoading(evidence)) return undefined;
      return evidence.finding(
        `${evidence.name} has its boot script and never fetched a kernel`,
        `Look at its console: the script says there what it does. podboot explain ${evidence.name} shows the script.`,
        script,
      );
    },
  },
  {
    code: 'kernel-no-installer',
    title: 'the kernel was fetched and no installer was heard of',
    find(evidence) {
      const kernels = kernelsDone(evidence);
      if (kernels.length === 0 || !isLoading(evidence)) return undefined;
      return evidence.finding(
        `${evidence.name} loaded its kernel and initrd, and no installer asked for an answer file`,
        'Look at its console (a serial console that is named last in the arguments shows it): no driver for the network card in the initrd, a kernel that stops, an installer that waits for an answer at the keyboard, too little memory.',
        ...kernels,
      );
    },
  },
];
