import { CAUSES } from './diagnose.ts';

/** What a person sees of a cause before podboot is asked, and what is done about it as a rule. The diagnosis itself is exact. */
interface Advice {
  readonly seen: string;
  readonly mend: string;
}

const CHAPTERS: readonly { readonly title: string; readonly advice: Readonly<Record<string, Advice>> }[] = [
  {
    title: 'podboot’s own host',
    advice: {
      'not-stored': {
        seen: 'nothing gets an address; the log speaks of the disk',
        mend: 'Make room on the file system of `dataDir` (`podboot doctor`), and see whether it is read-only.',
      },
      'wrong-clock': { seen: 'many nodes are late in the same moment', mend: 'Let chrony keep this host’s time.' },
      'interface-down': {
        seen: 'no machine gets an address any more',
        mend: 'Bring the interface up with its address: `ip link`, `ip addr`, `podboot doctor`.',
      },
    },
  },
  {
    title: 'The machine does not start',
    advice: {
      'power-failed': { seen: 'it stays off', mend: '`podboot bmc test NODE`: address, credentials, IPMI over LAN.' },
      'power-unconfirmed': {
        seen: 'the BMC took the command, and says off',
        mend: '`podboot bmc log NODE`; reset the BMC, or press the button.',
      },
      'waiting-for-power': {
        seen: 'armed, and nothing happens',
        mend: 'It has no BMC: press its button, or name one (`podboot nodes set NODE --bmc driver=ipmi`).',
      },
      'no-discover': {
        seen: 'it is on; the console shows no network boot, or PXE-E51',
        mend: 'Cable, VLAN, spanning tree’s delay on the switch port (portfast), boot order; is its MAC address another one (`podboot discovered`)?',
      },
      'wrong-interface': {
        seen: 'it gets an address and boots nothing',
        mend: 'Move the cable, or give the interface that asks the role boot.',
      },
    },
  },
  {
    title: 'No address: PXE-E51, PXE-E52, "no DHCP or proxyDHCP offers"',
    advice: {
      'pool-full': {
        seen: 'new machines get nothing',
        mend: 'A larger pool, shorter leases, or an address of its own (`podboot nodes set NODE --address`).',
      },
      'address-conflict': {
        seen: 'it declines its address',
        mend: 'Find the machine that was given the address by hand.',
      },
      'address-refused-again': {
        seen: 'it asks, is refused, asks again',
        mend: 'Look for another DHCP server, and for relays that disagree about the subnet.',
      },
      'other-server-answered': {
        seen: 'it has an address of another network, or boots something else',
        mend: 'Turn the other server off on this network, or set `dhcp: proxy`.',
      },
      'offer-unanswered': {
        seen: 'offers leave, no request comes',
        mend: 'The way back: the relay’s route to this host, a firewall on UDP 67 and 68.',
      },
    },
  },
  {
    title: 'No boot program: PXE-E32, PXE-T01, "NBP is too big"',
    advice: {
      'no-program': {
        seen: 'it has an address and stops',
        mend: 'Install the package that is named (`ipxe`, `shim-signed`, …), or put the file into the assets folder.',
      },
      'program-not-fetched': {
        seen: 'PXE-E32: TFTP open timeout',
        mend: 'Let UDP 69 and the ports that TFTP answers from pass; TCP 80 for HTTP boot.',
      },
      'tftp-stalled': {
        seen: 'the transfer stands still',
        mend: 'Lost packets or a small MTU on the way: `tftp.maxBlockBytes`, or HTTP boot.',
      },
      'server-busy': {
        seen: 'many machines at once, some are turned away',
        mend: 'Start fewer at a time (`--stagger 8/10s`), or raise `tftp.maxTransfers`.',
      },
      'program-again-and-again': {
        seen: 'it loads the same file and resets',
        mend: 'Wrong architecture, or Secure Boot: `boot.loader: grub` for shim, or the node’s `--loader grub`.',
      },
      'program-silent': {
        seen: 'the program was loaded, and no more is heard',
        mend: 'Its console; another program for its firmware (`boot.programs`), such as ipxe.efi for snponly.efi.',
      },
    },
  },
  {
    title: 'No kernel',
    advice: {
      'script-not-fetched': {
        seen: 'iPXE says "Connection timed out"',
        mend: 'A firewall on the TCP port of `http.port`; `http: true` on the interface.',
      },
      unrenderable: { seen: 'the script says that it could not be made', mend: '`podboot render NODE` shows where.' },
      'asset-missing': { seen: '404', mend: '`podboot check-config`, `podboot assets list`.' },
      'asset-damaged': {
        seen: 'a file breaks off, or the kernel complains',
        mend: '`podboot assets verify`, and import it again.',
      },
      'script-no-kernel': {
        seen: 'it has its script and stands still',
        mend: 'Its console: iPXE names the error; memory that is too small for the initrd.',
      },
      'kernel-broken-off': {
        seen: 'the download stops in its middle',
        mend: 'Lost packets, or too many machines at once.',
      },
      'sent-to-disk': {
        seen: 'it boots its old system',
        mend: 'It has no grant that is armed: `podboot grants NODE`, `podboot explain NODE`.',
      },
    },
  },
  {
    title: 'The installer does not begin',
    advice: {
      'kernel-no-installer': {
        seen: 'the kernel runs, no installer is heard of',
        mend: 'Its console (the serial one last in the arguments): no driver for the card, a question at the keyboard, the wrong interface.',
      },
      'answer-refused': {
        seen: 'the installer says 403',
        mend: 'It asks from another address than its firmware (interface=, BOOTIF), or late: start it again.',
      },
      'answer-not-there': {
        seen: 'the installer says 404',
        mend: 'The kernel arguments against `podboot render NODE`.',
      },
      'answers-changed': { seen: 'the configuration was changed in between', mend: 'Start it again.' },
      'installer-not-started': {
        seen: 'it has its answer file and says nothing',
        mend: 'Its console: a question that the answer file leaves open; a template of your own without the callback.',
      },
    },
  },
  {
    title: 'The installation does not end',
    advice: {
      'installer-clock': {
        seen: 'certificates and signatures are refused',
        mend: 'Set the machine’s clock, or tell it NTP servers (option `ntpServers`).',
      },
      'installer-no-disk': {
        seen: 'no disk, or more than one fits',
        mend: 'The profile’s choice of disks against what there is (serial, model, size).',
      },
      'installer-mirror': {
        seen: 'packages can’t be fetched',
        mend: 'Mirror or proxy of the profile, routers and name servers of the subnet.',
      },
      'installer-failed': {
        seen: 'it reports a failure',
        mend: 'Its last lines are in `podboot diagnose NODE`; the console has the rest.',
      },
      'installer-silent': {
        seen: 'nothing for a long time',
        mend: 'Its console. A slow mirror: raise `deadlines.silence`.',
      },
      'switched-off': {
        seen: 'it is off after the installation',
        mend: '`podboot power on NODE`; the profile should reboot.',
      },
      'rebooted-while-installing': {
        seen: 'it starts from the network in the middle',
        mend: 'A power failure, a watchdog, memory: its console and `podboot bmc log NODE`. Its disk is not wiped again; arm it anew.',
      },
      'given-up': { seen: 'somebody revoked it', mend: 'The timeline has who and why.' },
    },
  },
  {
    title: 'After the installation',
    advice: {
      'boots-network-after-install': {
        seen: 'the alarm `install.network-boot-again`',
        mend: '`podboot power disk-first NODE`. It is sent to its disk meanwhile, and never installed again by itself.',
      },
      'other-system': {
        seen: 'another system answers',
        mend: 'Which disk does it boot from? Another one than was installed.',
      },
      'first-boot-missing': {
        seen: 'installed, and never heard of',
        mend: 'Its console: does it reach its disk? Another `boot.diskMethods`.',
      },
      'hand-off-late': {
        seen: 'it stays `handing-off`',
        mend: '`podboot runs list`, `podboot runs log RUN`, `podboot hand-off status`.',
      },
    },
  },
];

/** docs/troubleshooting.md: by what a person sees. @throws where a cause is in no chapter, or a chapter has none of the causes */
export function troubleshootingReference(): string {
  const titles = new Map(CAUSES.map(({ code, title }) => [code, title]));
  const told = CHAPTERS.flatMap(({ advice }) => Object.keys(advice));
  const missed = [...titles.keys()].filter((code) => !told.includes(code));
  const unknown = told.filter((code) => !titles.has(code));
  if (missed.length + unknown.length > 0)
    throw new Error(`missed: ${missed.join(', ')}; unknown: ${unknown.join(', ')}`);
  return `${[
    '# Troubleshooting',
    'This page is made of the code (`npm run docs`): src/lifecycle/diagnosis/.',
    'First ask podboot, which has the evidence:',
    '```\npodboot diagnose dgx07            # why it is where it is, what says so, and what to do\npodboot timeline dgx07            # every step of its firmware, installer, BMC and runner\npodboot explain dgx07             # what it would get if it booted now, and which line says so\npodboot console dgx07 --log       # what its last boot said\npodboot doctor                    # this host and its networks\n```',
    'The diagnoses by what is seen of them; each has its code in `podboot diagnose --json`, in the node’s fault and in the metrics.',
    ...CHAPTERS.flatMap(({ title, advice }) => [
      `## ${title}`,
      [
        '| what is seen | diagnosis | as a rule |',
        '| --- | --- | --- |',
        ...Object.entries(advice).map(
          ([code, { seen, mend }]) => `| ${seen} | \`${code}\`: ${titles.get(code)} | ${mend} |`,
        ),
      ].join('\n'),
    ]),
  ].join('\n\n')}\n`;
}
