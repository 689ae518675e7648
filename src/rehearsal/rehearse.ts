import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PodbootError } from '../domain/errors.ts';
import { ApiClient } from './api-client.ts';
import { ApiForwarder } from './api-forwarder.ts';
import { openLoopbackNetwork } from './loopback-network.ts';
import { type MachinesInput, parseMachinesOutput } from './machines-protocol.ts';
import { Narrator, parseDaemonLine } from './narrator.ts';
import { openNamespaces } from './network-namespaces.ts';
import { Child } from './processes.ts';
import { writeAssets } from './rehearsal-assets.ts';
import { rehearsalConfig } from './rehearsal-config.ts';
import type { RehearsalNetwork } from './rehearsal-network.ts';
import { MAX_MACHINES, planMachines, type RehearsedMachine } from './rehearsal-plan.ts';
import type { MachineReport } from './simulated-node.ts';
import { judge, summaryTable } from './summary.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export interface RehearsalOptions {
  /** 1 to 5,000. */
  readonly nodes: number;
  /** Starts the daemon; `--config FILE` is added. It prints its log as JSON lines. */
  readonly daemonCommand: readonly string[];
  /** Ends when every node is through, in place of staying up until Ctrl-C. */
  readonly once?: boolean;
  /** First TCP port on 127.0.0.1 to try for the API. */
  readonly apiPort?: number;
  /** How much of the firmware's own waits is waited: 1 is as slow as real machines. */
  readonly pace?: number;
  /** `auto`: namespaces where the host lets us. */
  readonly network?: 'auto' | 'loopback';
  readonly write?: (text: string) => void;
  readonly colours?: boolean;
}

const NODES_MAIN = fileURLToPath(new URL('nodes-main.ts', import.meta.url));
const DEFAULT_API_PORT = 8067;
const DEFAULT_PACE = 0.2;
/** All are on within this time, and a handful one after another, so that a person can follow. */
const ALL_ON_WITHIN_MS = 20_000;
const LONGEST_STAGGER_MS = 700;

/** What has to be taken down again, last thing first. */
class Teardown {
  readonly #steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      // One that fails must not keep the others from being taken down.
      await Promise.resolve(step()).catch(() => {});
    }
  }
}

/**
 * Rehearses a pod on a private network: the daemon as it is, and simulated nodes that boot from it. Touches no real
 * network, and leaves nothing behind. Resolves to an exit code: 0 if every node ended as it should.
 * @throws PodbootError where it can't take place
 */
export async function rehearse(options: RehearsalOptions): Promise<number> {
  if (!Number.isInteger(options.nodes) || options.nodes < 1 || options.nodes > MAX_MACHINES) {
    throw new PodbootError('rehearsal', `${options.nodes} nodes can't be rehearsed`, {
      mend: `1 to ${MAX_MACHINES} can.`,
    });
  }
  const teardown = new Teardown();
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Interrupted());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, interrupt);
    teardown.add(() => void process.off(signal, interrupt));
  }
  try {
    return await new Rehearsal(options, teardown, interrupted).run();
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    throw error;
  } finally {
    await teardown.run();
  }
}

class Interrupted extends Error {}

class Rehearsal {
  readonly #options: RehearsalOptions;
  readonly #teardown: Teardown;
  readonly #interrupted: AbortController;
  readonly #machines: readonly RehearsedMachine[];
  readonly #reports = new Map<string, MachineReport>();
  readonly #narrator: Narrator;

  constructor(options: RehearsalOptions, teardown: Teardown, interrupted: AbortController) {
    this.#options = options;
    this.#teardown = teardown;
    this.#interrupted = interrupted;
    this.#machines = planMachines(options.nodes);
    this.#narrator = new Narrator({
      machines: options.nodes,
      colours: options.colours ?? process.stdout.isTTY === true,
      write: options.write ?? ((text) => void process.stdout.write(text)),
      now: () => performance.now(),
    });
  }

  async run(): Promise<number> {
    const narrator = this.#narrator;
    const network = await this.#openNetwork();
    const workspace = createWorkspace();
    this.#teardown.add(() => workspace.remove());
    narrator.say(`A rehearsal with ${this.#options.nodes} simulated nodes on ${network.description}.`);
    narrator.say('No real network is touched.');
    const checksums = writeAssets(workspace.assetsDir, this.#options.nodes);
    writeFileSync(workspace.configFile, rehearsalConfig(network, workspace));

    this.#startDaemon(network, workspace);
    const api = new ApiClient(workspace.apiSocket, workspace.tokenFile);
    await this.#unlessInterrupted(api.ready(this.#interrupted.signal));
    const forwarder = await ApiForwarder.open(workspace.apiSocket, this.#options.apiPort ?? DEFAULT_API_PORT);
    this.#teardown.add(() => forwarder.close());
    const enrolments = this.#machines.flatMap(({ enrolment }) => (enrolment === undefined ? [] : [enrolment]));
    await this.#unlessInterrupted(api.enrol(enrolments, this.#interrupted.signal));
    narrator.say(
      `The API answers at ${narrator.paint(forwarder.url, 'bold')}; ${enrolments.length} nodes are enrolled:`,
    );
    narrator.say(`  curl -H "Authorization: Bearer $(cat ${workspace.tokenFile})" ${forwarder.url}/api/v1/nodes\n`);

    await this.#unlessInterrupted(this.#playMachines(network, workspace, checksums));
    const succeeded = this.#summary();
    if (this.#options.once !== true) {
      narrator.say(
        `\nThe daemon goes on; the API answers at ${forwarder.url}. Ctrl-C ends the rehearsal and removes it.`,
      );
      await this.#untilInterrupted().catch((reason: unknown) => {
        if (!(reason instanceof Interrupted)) throw reason;
      });
    }
    return succeeded ? 0 : 1;
  }

  async #openNetwork(): Promise<RehearsalNetwork> {
    const network = await this.#chooseNetwork();
    this.#teardown.add(() => network.close());
    return network;
  }

  async #chooseNetwork(): Promise<RehearsalNetwork> {
    if (this.#options.network === 'loopback') return openLoopbackNetwork('as was asked for');
    if (process.getuid?.() !== 0)
      return openLoopbackNetwork('as root it would be network namespaces with the ordinary ports');
    try {
      return await openNamespaces();
    } catch (error) {
      const said =
        error instanceof Error ? (error.message.split('\n').findLast((line) => line !== '') ?? '') : String(error);
      return openLoopbackNetwork(`network namespaces can't be made here: ${said}`);
    }
  }

  #startDaemon(network: RehearsalNetwork, workspace: Workspace): void {
    const argv = network.server.argv([...this.#options.daemonCommand, '--config', workspace.configFile]);
    const daemon = new Child({
      argv,
      env: { PODBOOT_FIRST_TOKEN_FILE: workspace.tokenFile },
      onLine: (line) => {
        const parsed = parseDaemonLine(line);
        if (parsed !== undefined) this.#narrator.daemon(parsed);
      },
      onUnexpectedEnd: (how) => this.#fail('the daemon', how, daemon.lastLines),
    });
    workspace.rememberDaemon(daemon.pid);
    this.#teardown.add(() => daemon.stop());
  }

  #playMachines(
    network: RehearsalNetwork,
    workspace: Workspace,
    checksums: ReadonlyMap<string, string>,
  ): Promise<void> {
    const input: MachinesInput = {
      machines: this.#machines.map(({ plan }) => plan),
      checksums: [...checksums],
      interfaceName: network.machines.interfaceName,
      dhcpPort: network.server.dhcpPort,
      tftpPort: network.server.tftpPort,
      pace: this.#options.pace ?? DEFAULT_PACE,
      staggerMs: Math.min(LONGEST_STAGGER_MS, ALL_ON_WITHIN_MS / this.#machines.length),
    };
    writeFileSync(workspace.planFile, JSON.stringify(input));
    return new Promise((resolve) => {
      const child = new Child({
        argv: network.machines.argv([process.execPath, ...process.execArgv, NODES_MAIN, workspace.planFile]),
        onLine: (line) => {
          if (this.#hear(line)) resolve();
        },
        onUnexpectedEnd: (how) => this.#fail("the simulated nodes' process", how, child.lastLines),
      });
      this.#teardown.add(() => child.stop());
    });
  }

  /** True when all machines are through. */
  #hear(line: string): boolean {
    const output = parseMachinesOutput(line);
    if (output === undefined) {
      this.#narrator.daemon({ level: 'error', text: line });
      return false;
    }
    if ('done' in output) return true;
    if ('report' in output) {
      this.#reports.set(output.report.machine, output.report);
      this.#narrator.machineEnded();
    } else {
      if (output.step.text.startsWith('power on')) this.#narrator.machineOn();
      this.#narrator.step(output.step);
    }
    return false;
  }

  #summary(): boolean {
    const verdicts = this.#machines.map((machine) => judge(machine, this.#reports.get(machine.plan.name)));
    const wrong = verdicts.filter((each) => each.faults.length > 0);
    this.#narrator.say(`\n${summaryTable(verdicts)}\n`);
    for (const { machine, faults } of wrong.slice(0, 40)) {
      for (const fault of faults) this.#narrator.say(this.#narrator.paint(`${machine.plan.name}: ${fault}`, 'red'));
    }
    const right = verdicts.length - wrong.length;
    const verdict = `${right} of ${verdicts.length} nodes ended as they should.`;
    this.#narrator.say(this.#narrator.paint(verdict, wrong.length === 0 ? 'green' : 'red'));
    return wrong.length === 0;
  }

  #fail(who: string, how: string, lastLines: readonly string[]): void {
    const said = lastLines.filter((line) => !/token/i.test(line)).join('\n  ');
    this.#interrupted.abort(
      new PodbootError('rehearsal', `${who} ended (${how})${said === '' ? '' : `; it said:\n  ${said}`}`, {
        mend: 'If this is not something that the lines above explain, it is a fault of podboot: please report it with them.',
      }),
    );
  }

  #unlessInterrupted<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#untilInterrupted()]);
  }

  /** Rejects with the reason. */
  #untilInterrupted(): Promise<never> {
    const { signal } = this.#interrupted;
    return new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }
}
