import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult, Commands } from '../../domain/commands.ts';
import type { Obstacle } from '../../domain/hand-off.ts';

export interface CheckoutState {
  /** Of HEAD, 40 hex digits; absent where it is no git work tree. */
  readonly commit?: string;
  readonly obstacles: readonly Obstacle[];
}

const GIT_MS = 20_000;
/** Enough to name the first one. */
const MAX_STATUS_BYTES = 64 * 1024;

/**
 * Is a checkout there, whole, and the one that is meant? What playbooks run as root has to be known: a commit, and nothing
 * beside it.
 * @param pinned 7 to 40 hex digits; without it the checkout is what it is
 */
export async function inspectCheckout(
  folder: string,
  pinned: string | undefined,
  commands: Commands,
): Promise<CheckoutState> {
  if (!existsSync(folder)) {
    const mend = `Clone it: git clone --recurse-submodules https://github.com/NVIDIA/deepops.git ${folder}.`;
    return { obstacles: [{ code: 'checkout-missing', message: `the checkout ${folder} is not there`, mend }] };
  }
  const git = (...words: string[]): Promise<CommandResult> =>
    commands.run({
      // It belongs to whoever cloned it, which git distrusts.
      argv: ['git', '-c', `safe.directory=${folder}`, '-c', 'core.fsmonitor=false', '-C', folder, ...words],
      deadlineMs: GIT_MS,
      maxOutputBytes: MAX_STATUS_BYTES,
      env: { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
    });
  const head = await git('rev-parse', 'HEAD');
  const commit = succeeded(head) ? /^[0-9a-f]{40}$/m.exec(head.stdout)?.[0] : undefined;
  if (commit === undefined) {
    if (pinned === undefined && head.end === 'exited') return { obstacles: [] };
    const why = head.because ?? head.stderr.trim().split('\n')[0]?.slice(0, 200) ?? '';
    const message = `git can’t tell which commit ${folder} is${why === '' ? '' : `: ${why}`}`;
    const mend = 'Make it a git checkout (and install git), or take the commit out of the cluster’s settings.';
    return { obstacles: [{ code: 'checkout-unknown', message, mend }] };
  }
  return {
    commit,
    obstacles: [
      ...pinObstacles(folder, commit, pinned),
      ...(pinned === undefined
        ? []
        : changeObstacles(folder, await git('status', '--porcelain', '--untracked-files=no'))),
      ...submoduleObstacles(folder, await git('submodule', 'status')),
    ],
  };
}

function succeeded({ end, exitCode }: CommandResult): boolean {
  return end === 'exited' && exitCode === 0;
}

function pinObstacles(folder: string, commit: string, pinned: string | undefined): Obstacle[] {
  if (pinned === undefined || commit.startsWith(pinned.toLowerCase())) return [];
  const mend = `git -C ${folder} checkout ${pinned} && git -C ${folder} submodule update --init --recursive; or pin the other commit.`;
  const message = `${folder} is at ${commit.slice(0, 12)}, and the cluster is pinned to ${pinned}`;
  return [{ code: 'checkout-commit', message, mend }];
}

function changeObstacles(folder: string, status: CommandResult): Obstacle[] {
  const [first] = status.stdout.split('\n').filter((line) => line !== '' && !/^.[^ ]? *config\//.test(line));
  if (first === undefined) return [];
  const message = `${folder} is not what its commit says: ${first.trim().slice(0, 120)}`;
  const mend = `Look at git -C ${folder} status; commit the change and pin that, or undo it.`;
  return [{ code: 'checkout-changed', message, mend }];
}

/** `-` is one that was never fetched, `+` one at another commit, `U` one with conflicts (git-submodule(1)). */
function submoduleObstacles(folder: string, status: CommandResult): Obstacle[] {
  return status.stdout.split('\n').flatMap((line): Obstacle[] => {
    const [, sign, path] = /^([-+U])[0-9a-f]+ (\S+)/.exec(line) ?? [];
    if (sign === undefined || path === undefined || !isUsed(path)) return [];
    const mend = `git -C ${folder} submodule update --init --recursive ${path}`;
    if (sign === '-') {
      const isBare = !existsSync(join(folder, path, 'roles'));
      // Laid there by hand, as one does without a way out: it is looked at as files.
      if (!isBare) return [];
      return [{ code: 'submodule-missing', message: `the submodule ${path} of ${folder} is empty`, mend }];
    }
    const words = sign === '+' ? 'is at another commit than the checkout says' : 'has conflicts';
    return [{ code: 'submodule-commit', message: `the submodule ${path} of ${folder} ${words}`, mend }];
  });
}

/** packer-maas builds images: no playbook reads it. */
function isUsed(path: string): boolean {
  return !path.endsWith('packer-maas');
}
