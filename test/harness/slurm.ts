import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandRequest, Commands } from '../../src/domain/commands.ts';
import { type Namespace, TestNetwork } from './namespace.ts';
import { Background, type Finished, until } from './process.ts';
import { commandsIn } from './sshd.ts';

export const SLURM_TOOLS = ['ip', 'slurmctld', 'slurmd', 'sinfo', 'scontrol', 'srun', 'sbatch', 'munged', 'mungekey'];

/**
 * A real Slurm in a network namespace and a folder of its own: slurmctld, one slurmd a node (`-N`) and munge. GPUs are device
 * files of `/dev/null`'s kind.
 */
export class TestSlurm {
  readonly namespace: Namespace;
  readonly folder: string;
  readonly #net: TestNetwork | undefined;
  readonly configFile: string;
  readonly #daemons = new Map<string, Background>();

  /**
   * @param nodes names; those get a slurmd by `startNode`
   * @param namespace somebody else's, with an address beside the loopback's; one of its own where none is given
   */
  constructor(nodes: readonly string[], gpus = 2, namespace?: Namespace) {
    if (namespace === undefined) {
      this.#net = new TestNetwork();
      this.namespace = ownNamespace(this.#net);
    } else this.namespace = namespace;
    this.folder = mkdtempSync(join(tmpdir(), 'podboot-slurm-'));
    chmodSync(this.folder, 0o755);
    for (const name of ['state', 'spool', 'log', 'munge']) mkdirSync(join(this.folder, name));
    const gres = nodes.map(
      (name) => `NodeName=${name} Name=gpu Type=test File=${join(this.folder, 'gpu')}[0-${gpus - 1}]`,
    );
    for (let gpu = 0; gpu < gpus; gpu += 1) writeFileSync(join(this.folder, `gpu${gpu}`), '');
    writeFileSync(join(this.folder, 'gres.conf'), `${gres.join('\n')}\n`);
    this.configFile = join(this.folder, 'slurm.conf');
    writeFileSync(this.configFile, configuration(this.folder, nodes, gpus));
  }

  async start(): Promise<void> {
    const munge = join(this.folder, 'munge');
    this.namespace.must(['/usr/sbin/mungekey', '--create', `--keyfile=${munge}/key`]);
    const munged = this.namespace.background([
      '/usr/sbin/munged',
      '--foreground',
      '--force',
      `--socket=${munge}/socket`,
      `--key-file=${munge}/key`,
      `--pid-file=${munge}/pid`,
      `--seed-file=${munge}/seed`,
      `--log-file=${munge}/log`,
      '--num-threads=2',
    ]);
    this.#daemons.set('munged', munged);
    await until(() => this.namespace.run(['munge', `--socket=${munge}/socket`, '-n']).code === 0, {
      what: 'munge answers',
      evidence: () => munged.output,
    });
    await this.startController();
  }

  async startController(): Promise<void> {
    const controller = this.#background(['/usr/sbin/slurmctld', '-D', '-f', this.configFile]);
    this.#daemons.set('slurmctld', controller);
    await until(() => /is UP/.test(this.run(['scontrol', 'ping']).stdout), {
      what: 'slurmctld answers',
      timeoutMs: 20_000,
      evidence: () => controller.output,
    });
  }

  async startNode(name: string): Promise<void> {
    mkdirSync(join(this.folder, 'spool', name), { recursive: true });
    this.#daemons.set(name, this.#background(['/usr/sbin/slurmd', '-D', '-N', name, '-f', this.configFile]));
    await until(() => /^(?:idle|mixed|allocated|drained|draining|down)$/.test(this.state(name)), {
      what: `${name} is up`,
      timeoutMs: 30_000,
      everyMs: 100,
      evidence: () => `${this.state(name)}\n${this.#daemons.get(name)?.output}`,
    });
  }

  async stopDaemon(name: string): Promise<void> {
    await this.#daemons.get(name)?.stop();
    this.#daemons.delete(name);
  }

  /** By `sinfo`'s long word: `idle`, `draining`, `down*`. */
  state(name: string): string {
    return this.run(['sinfo', '-N', '-h', '-n', name, '-o', '%T']).stdout.trim().split('\n')[0] ?? '';
  }

  run(argv: readonly string[]): Finished {
    return this.namespace.run(['env', `SLURM_CONF=${this.configFile}`, ...argv]);
  }

  must(argv: readonly string[]): string {
    return this.namespace.must(['env', `SLURM_CONF=${this.configFile}`, ...argv]);
  }

  /** Id of a job that sleeps on the node until it is cancelled; it runs. */
  async job(node: string): Promise<string> {
    const words = ['sbatch', '--parsable', '-w', node, '-n', '1', '-o', '/dev/null', '--wrap', 'sleep 600'];
    const id = this.must(words).trim();
    await until(() => this.must(['squeue', '-h', '-j', id, '-o', '%T']).trim() === 'RUNNING', {
      what: `job ${id} runs on ${node}`,
      timeoutMs: 15_000,
      everyMs: 100,
    });
    return id;
  }

  /** Programs as podboot runs them. */
  commands(): Commands {
    const inner = commandsIn(this.namespace);
    return {
      run: (request: CommandRequest) => inner.run({ ...request, env: { ...request.env, SLURM_CONF: this.configFile } }),
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.stop()));
    this.#net?.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #background(argv: readonly string[]): Background {
    // Not by `ip netns exec`, which gives /sys anew: slurmd does not start without the host's cgroups.
    const net = `--net=/run/netns/${this.namespace.name}`;
    return new Background(['nsenter', net, ...argv], { env: { ...process.env, SLURM_CONF: this.configFile } });
  }
}

function ownNamespace(net: TestNetwork): Namespace {
  const namespace = net.namespace('slurm');
  // Slurm resolves even an address with AI_ADDRCONFIG, which finds nothing on a host that has loopback alone.
  namespace.ip('link', 'add', 'eth0', 'type', 'bridge');
  namespace.ip('addr', 'add', '10.77.0.1/24', 'dev', 'eth0');
  namespace.ip('link', 'set', 'eth0', 'up');
  return namespace;
}

function configuration(folder: string, nodes: readonly string[], gpus: number): string {
  const host = hostname().split('.')[0] ?? 'localhost';
  const node = (name: string, index: number) =>
    `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${17_001 + index} CPUs=2 RealMemory=100 Gres=gpu:test:${gpus} State=UNKNOWN`;
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
CredType=cred/munge
SlurmctldPort=16817
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MpiDefault=none
ReturnToService=0
SlurmdTimeout=5
KillWait=1
SlurmdParameters=config_overrides
MailProg=/bin/true
${nodes.map(node).join('\n')}
PartitionName=batch Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=second Nodes=ALL MaxTime=INFINITE State=UP
`;
}
