import { NotFound, PodbootError } from '../../domain/errors.ts';
import type { SlurmNode, SlurmNodes } from '../../domain/schedulers.ts';
import type { RemoteResult } from '../ssh/ssh-client.ts';
import { readSinfoJson, readSinfoText, SINFO_FORMAT } from './read-sinfo.ts';
import type { SlurmPrograms } from './slurm-programs.ts';
import { isHarmless, isOpen, isUnexpectedReboot } from './slurm-state.ts';

/** Slurm reads brackets and commas in a node's name as a list of nodes: one name must be one node. */
const NODE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const JOB_ID = /^\d+(?:_\d+)?(?:\+\d+)?$/;
const DEADLINE_MS = 10_000;
const MAX_REASON_CHARACTERS = 120;

/** Over scontrol, sinfo and squeue. */
export function createSlurmClient(programs: SlurmPrograms): SlurmNodes {
  const run = (argv: readonly string[]) => programs(argv, { deadlineMs: DEADLINE_MS });
  /** Of this Slurm: its JSON was not understood once. */
  let hasNoJson = false;

  async function sinfo(name: string): Promise<readonly SlurmNode[]> {
    if (!hasNoJson) {
      const told = await run(['sinfo', '--json', '-N', '-n', name]);
      const nodes = told.exitCode === 0 ? readSinfoJson(told.stdout) : undefined;
      // 22.05 ends with 0 and no nodes where slurmctld is away: only the text tells that from a node that is not there.
      if (nodes?.some((each) => each.name === name) === true) return nodes;
    }
    const argv = ['sinfo', '-N', '-h', '-n', name, '-o', SINFO_FORMAT];
    const nodes = readSinfoText(succeeded(await run(argv), 'sinfo', name));
    hasNoJson = nodes.length > 0;
    return nodes;
  }

  async function node(name: string): Promise<SlurmNode | undefined> {
    if (!NODE_NAME.test(name)) throw refused(`${JSON.stringify(name)} is no name of a node`);
    return (await sinfo(name)).find((each) => each.name === name);
  }

  async function known(name: string): Promise<SlurmNode> {
    const found = await node(name);
    if (found !== undefined) return found;
    throw new NotFound(`Slurm has no node ${name}`, 'Check NodeName in slurm.conf: it has to be the node’s name here.');
  }

  const update = (name: string, ...settings: string[]) => run(['scontrol', 'update', `nodename=${name}`, ...settings]);

  return {
    node,

    async drain(name, reason) {
      const { flags, reason: kept } = await known(name);
      if (flags.includes('drain') && kept !== undefined) return;
      succeeded(await update(name, 'state=drain', `reason=${plainReason(reason)}`), 'scontrol', name);
    },

    async resume(name) {
      const found = await known(name);
      if (isOpen(found)) return;
      const { reason, reasonBy } = found;
      if (reason !== undefined && !isHarmless(reason)) throw held(found.name, reason, reasonBy);
      const result = await update(name, isUnexpectedReboot(found) ? 'state=idle' : 'state=resume');
      // Somebody else may have been faster: then there is nothing to resume, which Slurm calls an invalid state.
      if (result.exitCode !== 0 && !isOpen(await known(name))) succeeded(result, 'scontrol', name);
    },

    async jobsOn(name) {
      if (!NODE_NAME.test(name)) throw refused(`${JSON.stringify(name)} is no name of a node`);
      const result = await run(['squeue', '-h', '-w', name, '-t', 'R,CG,S,CF,SI,SO,ST', '-o', '%i']);
      return [
        ...new Set(
          succeeded(result, 'squeue', name)
            .split('\n')
            .map((line) => line.trim()),
        ),
      ].filter((line) => line !== '');
    },

    async cancel(jobIds) {
      const odd = jobIds.find((id) => !JOB_ID.test(id));
      if (odd !== undefined) throw refused(`${JSON.stringify(odd)} is no job`);
      if (jobIds.length === 0) return;
      const result = await run(['scancel', ...jobIds]);
      // A job that ended meanwhile is what was wanted.
      if (!/already (?:completing or )?completed|Invalid job id/i.test(result.stderr)) {
        succeeded(result, 'scancel', jobIds.join(', '));
      }
    },
  };
}

/** scontrol takes what stands behind = as it is; a quote or a line's end in it would break what others read. */
function plainReason(reason: string): string {
  const plain = reason.replaceAll(/[^\p{L}\p{N}.,:;/_()+-]+/gu, ' ').trim();
  return plain === '' ? 'podboot' : plain.slice(0, MAX_REASON_CHARACTERS);
}

function succeeded(result: RemoteResult, program: string, whom: string): string {
  if (result.exitCode === 0) return result.stdout;
  const said = result.stderr.trim().split('\n').at(-1)?.slice(0, 240) ?? '';
  if (/Unable to contact|Connection refused|Zero Bytes|authentication|munge/i.test(result.stderr)) {
    throw new PodbootError('slurm-unreachable', `${program} can’t speak to slurmctld: ${said}`, {
      mend: 'Check “scontrol ping” on the same host, and that munged runs there.',
    });
  }
  throw refused(`${program} for ${whom} ended with ${result.exitCode}${said === '' ? '' : `: ${said}`}`);
}

function refused(message: string): PodbootError {
  return new PodbootError('slurm-refused', message, { mend: 'Try the same by hand to see why Slurm refuses it.' });
}

function held(name: string, reason: string, by: string | undefined): PodbootError {
  const whose = by === undefined ? '' : ` by ${by}`;
  return new PodbootError('slurm-held', `Slurm’s ${name} was taken out of use${whose}: ${reason}`, {
    mend: `Settle that first; then “scontrol update nodename=${name} state=resume” frees it.`,
  });
}
