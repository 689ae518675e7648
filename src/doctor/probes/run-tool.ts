import { execFile } from 'node:child_process';

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 32 * 1024 * 1024;

/** What a tool of the host writes; undefined where it is not there or fails. */
export async function output(argv: readonly string[]): Promise<string | undefined> {
  const answer = await run(argv);
  return answer.ok ? answer.stdout : undefined;
}

export function run(
  argv: readonly string[],
): Promise<{ readonly ok: true; readonly stdout: string } | { readonly ok: false; readonly why: string }> {
  const [command = '', ...rest] = argv;
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' };
  return new Promise((resolve) => {
    execFile(command, rest, { timeout: TIMEOUT_MS, maxBuffer: MOST_BYTES, env }, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, stdout });
      else if (error.code === 'ENOENT') resolve({ ok: false, why: `there is no ${command}` });
      else resolve({ ok: false, why: stderr.trim().split('\n')[0] || error.message });
    });
  });
}
