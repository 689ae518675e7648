import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createHostFacts, type HostFacts, readOptional } from '../config/host-facts.ts';
import { checkConfig, readConfig } from '../config/load.ts';
import { PodbootError, type Problem } from '../domain/errors.ts';
import type { InterfaceSettings, Settings } from '../domain/settings.ts';
import { createHostNetwork } from '../net/host-network.ts';
import { loadLibc } from '../net/libc.ts';
import { createSystemClock } from '../net/system-clock.ts';
import { AssetCatalogue } from '../services/boot/asset-catalogue.ts';
import { checkAssets, importedFiles } from '../services/boot/asset-check.ts';
import { loadProgramManifest } from '../services/boot/boot-programs.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { hasStore } from '../store/store-file.ts';
import { checkCapabilities } from './checks/capabilities.ts';
import { checkFirewall } from './checks/firewall.ts';
import { checkBmcs, checkDisk, checkTime } from './checks/host.ts';
import { checkLink } from './checks/link.ts';
import { checkOtherServers } from './checks/other-servers.ts';
import { checkSpanningTree } from './checks/spanning-tree.ts';
import { type Finding, finding, ok } from './finding.ts';
import { reachBmcs } from './probes/bmc-reach.ts';
import { listenForBpdus } from './probes/bpdu-listener.ts';
import { readFirewallFacts } from './probes/firewall-facts.ts';
import { readCapabilityFacts, readDiskFacts, readTimeFacts } from './probes/host-probes.ts';
import { readLinkFacts } from './probes/link-facts.ts';
import { findOtherServers } from './probes/other-servers.ts';

export interface Examination {
  readonly configPath: string;
  /** Whether it may send packets: a DISCOVER on each served interface, a ping to each BMC. Else it only looks. */
  readonly asksNetwork: boolean;
}

/**
 * Looks at the host as a pod's first boot will find it. Nothing is changed: one scratch file in the data folder, and on the
 * network one client that asks for an address and takes none.
 *
 * @throws NotFound, HostRefused where the configuration can't be read
 */
export async function examine({ configPath, asksNetwork }: Examination): Promise<readonly Finding[]> {
  const bytes = readConfig(configPath);
  const { settings, problems } = checkConfig(bytes);
  if (settings === undefined) return problems.map((problem) => fromProblem('config', 'trouble', problem));
  const daemonPid = runningDaemon(settings.dataDir);
  const onHost = checkConfig(bytes, hostWithDaemon(daemonPid));
  const groups = await Promise.all([
    configFindings(onHost.problems, onHost.warnings, daemonPid),
    checkCapabilities(readCapabilityFacts(daemonPid, lowestPort(settings))),
    readFirewallFacts(settings).then(checkFirewall),
    ...settings.interfaces.map((at) => interfaceFindings(at, settings, asksNetwork)),
    readTimeFacts().then(checkTime),
    checkDisk(readDiskFacts(nearest(settings.dataDir))),
    assetFindings(settings),
    asksNetwork ? bmcFindings(settings) : [],
  ]);
  return groups.flat();
}

/** A process is known for podboot by its command line, or by the file beside the store, whatever it was started through. */
function hostWithDaemon(daemonPid: number | undefined): HostFacts {
  const facts = createHostFacts();
  return {
    ...facts,
    portHolders: (protocol, port) =>
      facts.portHolders(protocol, port).map((holder) => {
        const isPodboot = holder.process?.id === daemonPid;
        return holder.process === undefined || !isPodboot
          ? holder
          : { ...holder, process: { ...holder.process, isPodboot } };
      }),
  };
}

function configFindings(
  problems: readonly Problem[],
  warnings: readonly Problem[],
  daemonPid: number | undefined,
): Finding[] {
  const found = [
    ...problems.map((problem) => fromProblem('host', 'trouble', problem)),
    ...warnings.map((problem) => fromProblem('host', 'warning', problem)),
  ];
  if (found.length > 0) return found;
  const who = daemonPid === undefined ? 'its ports are free' : `podboot has its ports (process ${daemonPid})`;
  return [ok('host', `podboot.yaml is right, and fits this host: ${who}`)];
}

async function interfaceFindings(at: InterfaceSettings, settings: Settings, asksNetwork: boolean): Promise<Finding[]> {
  const link = readLinkFacts(at.name);
  const findings = checkLink(link);
  if (!link.isUp || !link.hasCarrier || !asksNetwork) return findings;
  const libc = loadLibc();
  const [tree, servers] = await Promise.all([
    listenForBpdus(at.name, libc.libc),
    at.dhcp === 'off' ? undefined : findOtherServers(at, settings, createHostNetwork(libc)),
  ]);
  return [...findings, ...checkSpanningTree(tree), ...(servers === undefined ? [] : checkOtherServers(servers))];
}

/** What profiles name and what machines are started with, as the daemon looks at it at its start. */
async function assetFindings(settings: Settings): Promise<Finding[]> {
  const manifest = loadProgramManifest();
  const catalogue = new AssetCatalogue(settings.assetsDir, manifest, createSystemClock(), importedFiles(settings));
  const missing = await checkAssets(settings, manifest, catalogue);
  if (missing.length === 0)
    return [ok('assets', 'every kernel, initrd and boot program that a machine would be told of is there')];
  return missing.map((problem) => fromProblem('assets', 'warning', problem));
}

async function bmcFindings({ dataDir }: Settings): Promise<Finding[]> {
  if (!hasStore(dataDir)) return [finding('bmcs', 'note', 'there are no nodes yet')];
  try {
    const store = await openSqliteStore({ dataDir, access: 'tool' });
    try {
      return checkBmcs(await reachBmcs(await store.load()));
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof PodbootError)) throw error;
    return [finding('store', 'trouble', error.message, error.mend)];
  }
}

/** Of the pid file that a daemon keeps beside its store. */
function runningDaemon(dataDir: string): number | undefined {
  const pid = Number.parseInt(readOptional(join(dataDir, 'podboot.pid')), 10);
  return Number.isInteger(pid) && existsSync(`/proc/${pid}`) ? pid : undefined;
}

function lowestPort({ interfaces, dhcp, tftp, http, dns }: Settings): number {
  return Math.min(
    65_535,
    ...interfaces.flatMap((at) => [
      ...(at.dhcp === 'off' ? [] : [dhcp.port]),
      ...(at.tftp ? [tftp.port] : []),
      ...(at.http ? [http.port] : []),
      ...(at.dns ? [dns.port] : []),
    ]),
  );
}

function nearest(path: string): string {
  let at = path;
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  return at;
}

function fromProblem(check: string, level: 'warning' | 'trouble', { path, line, message, mend }: Problem): Finding {
  const place = line === undefined ? path : `line ${line}, ${path}`;
  return finding(check, level, place === '' ? message : `${place}: ${message}`, mend);
}
