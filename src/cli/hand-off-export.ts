import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HandOffResultView, RunView } from '../api/schemas/run.ts';
import type { TimelineEntryView } from '../api/schemas/timeline.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { ApiClient } from './api-client.ts';
import { logPages } from './run-log.ts';
import { checksText, resultTable, runText } from './run-text.ts';

export interface WrittenExport {
  readonly nodes: number;
  readonly runs: number;
  /** Runs that results speak of, and that are not kept any more. */
  readonly gone: readonly string[];
}

/**
 * What came of nodes, for the file of their pod: `summary.txt` and `results.json`; `nodes/NAME/` with its checks and its
 * timeline; `runs/` with each run that it was in, and what that said. As the API shows it: secrets are masked.
 * @param names undefined: all that were handed over
 * @throws InvalidInput where the folder is not empty, before anything is asked; what the API refuses
 */
export async function exportHandOff(
  api: ApiClient,
  folder: string,
  names: readonly string[] | undefined,
): Promise<WrittenExport> {
  makeEmptyFolder(folder);
  const { items } = (await api.call<{ items: HandOffResultView[] }>('GET', '/hand-off-results')).body;
  const wanted = new Set(names ?? items.map(({ node }) => node));
  const results = items.filter(({ node }) => wanted.has(node)).sort((one, other) => (one.node < other.node ? -1 : 1));
  for (const name of wanted) {
    const result = results.find(({ node }) => node === name);
    await writeNode(api, join(folder, 'nodes', name), name, result);
  }
  const runs = (await api.list<RunView>('/runs')).filter(({ hosts }) =>
    Object.keys(hosts).some((each) => wanted.has(each)),
  );
  mkdirSync(join(folder, 'runs'), { mode: 0o700 });
  for (const run of runs) await writeRun(api, join(folder, 'runs'), run);
  const gone = [...new Set(results.map(({ run }) => run))].filter((id) => !runs.some((run) => run.id === id));
  const missing = gone.map((id) => `The run ${id} is not kept any more.\n`).join('');
  write(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  write(join(folder, 'summary.txt'), `${resultTable(results)}\n${missing === '' ? '' : `\n${missing}`}`);
  return { nodes: wanted.size, runs: runs.length, gone };
}

function makeEmptyFolder(folder: string): void {
  let entries: readonly string[];
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    entries = readdirSync(folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InvalidInput(`${folder} can’t be made: ${why}`, [], 'Name a folder that you may write.');
  }
  if (entries.length > 0)
    throw new InvalidInput(`${folder} is not empty.`, [], 'Name a new one: nothing is overwritten.');
}

async function writeNode(
  api: ApiClient,
  folder: string,
  name: string,
  result: HandOffResultView | undefined,
): Promise<void> {
  const path = `/nodes/${encodeURIComponent(name)}/timeline`;
  // Asked first: a name that is no node's makes no folder.
  const entries = await api.list<TimelineEntryView>(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  write(join(folder, 'timeline.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  if (result === undefined) return write(join(folder, 'result.txt'), `${name} was not handed over yet.\n`);
  write(join(folder, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  write(join(folder, 'result.txt'), `${resultTable([result])}\n\n${checksText(result.checks)}\n`);
}

async function writeRun(api: ApiClient, folder: string, run: RunView): Promise<void> {
  write(join(folder, `${run.id}.json`), `${JSON.stringify(run, null, 2)}\n`);
  write(join(folder, `${run.id}.txt`), `${runText(run)}\n`);
  const log = join(folder, `${run.id}.log`);
  write(log, '');
  for await (const { text } of logPages(api, run.id)) appendFileSync(log, text);
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
}
