import { HostRefused } from '../domain/errors.ts';
import type { InstallHost, Ownership } from './install-host.ts';

/** One thing that an installation sees to. Each may be done again, and then finds its work done. */
export interface Step {
  /** `unit /etc/systemd/system/podboot.service` */
  readonly what: string;
  isDone(host: InstallHost): boolean;
  /** @throws HostRefused */
  act(host: InstallHost): void;
}

/** What became of a step; `planned` in a dry run. */
export interface StepResult {
  readonly what: string;
  readonly result: 'done' | 'already' | 'planned';
}

/** In order; `tell` hears of each as it is done, so that whoever is interrupted knows how far it came. */
export function runSteps(
  steps: readonly Step[],
  host: InstallHost,
  { isDryRun, tell }: { isDryRun: boolean; tell: (result: StepResult) => void },
): void {
  for (const step of steps) {
    const isDone = step.isDone(host);
    if (!isDone && !isDryRun) step.act(host);
    tell({ what: step.what, result: isDone ? 'already' : isDryRun ? 'planned' : 'done' });
  }
}

export function folder(path: string, ownership: Ownership): Step {
  return {
    what: `folder ${path} (${ownershipText(ownership)})`,
    isDone: (host) => isOwned(host, path, ownership, true),
    act: (host) => host.makeFolder(path, ownership),
  };
}

export function file(path: string, text: string, ownership: Ownership, what: string): Step {
  return {
    what: `${what} ${path} (${ownershipText(ownership)})`,
    isDone: (host) => host.readText(path) === text && isOwned(host, path, ownership, false),
    act: (host) => host.writeText(path, text, ownership),
  };
}

/** A file that belongs to the operator: written once, never again. */
export function firstFile(path: string, text: () => string, ownership: Ownership, what: string): Step {
  return {
    what: `${what} ${path} (${ownershipText(ownership)})`,
    isDone: (host) => host.stat(path) !== undefined,
    act: (host) => host.writeText(path, text(), ownership),
  };
}

export function link(path: string, target: string): Step {
  return {
    what: `command ${path}, which is ${target}`,
    isDone: (host) =>
      host.readLink(path) === target || (host.readLink(path) === undefined && host.stat(path) !== undefined),
    act: (host) => host.link(path, target),
  };
}

export function removal(path: string, what: string): Step {
  return {
    what: `remove ${what} ${path}`,
    isDone: (host) => host.stat(path) === undefined && host.readLink(path) === undefined,
    act: (host) => host.remove(path),
  };
}

/** @param isDone asked before; a command without an answer to it is run each time */
export function command(
  what: string,
  argv: readonly string[],
  isDone: (host: InstallHost) => boolean = () => false,
): Step {
  return {
    what,
    isDone,
    act: (host) => {
      const { ok, words } = host.run(argv);
      if (!ok) throw new HostRefused(`\`${argv.join(' ')}\` failed: ${words}`, 'Mend that and run the same again.');
    },
  };
}

function isOwned(host: InstallHost, path: string, wanted: Ownership, isFolder: boolean): boolean {
  const facts = host.stat(path);
  return (
    facts !== undefined &&
    facts.isFolder === isFolder &&
    facts.mode === wanted.mode &&
    facts.owner === wanted.owner &&
    facts.group === wanted.group
  );
}

function ownershipText({ mode, owner, group }: Ownership): string {
  return `0${mode.toString(8)} ${owner}:${group}`;
}
