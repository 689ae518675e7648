import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture } from './architecture.ts';

/** What no program reads at run time. Licences stay. */
const UNREAD = [
  '**/*.{ts,mts,cts,map,md,markdown,tsbuildinfo}',
  '**/.{github,vscode,idea,husky}',
  '**/.{npmignore,gitattributes,editorconfig,eslintrc*,prettierrc*,prettierignore,taprc,nycrc,travis.yml,borp.yaml,c8rc.json}',
  // Of packages as wholes, also of those that another brings for itself.
  '{,**/node_modules/}{,@*/}*/{test,tests,__tests__,benchmark,benchmarks,bench,example,examples,doc,docs,types,integration,scripts}',
  'better-sqlite3/{src,deps,binding.gyp}',
  'koffi/cnoke.cjs',
  'koffi/**/*.{c,cc,h,hh,hpp,cpp,S,asm,inc}',
  'node-addon-api',
  '**/*.{sh,html,ico,png}',
  '@koromix/*/musl_*',
  '.bin',
  '.package-lock.json',
];

/**
 * The packages of the lockfile that the daemon runs with, for a machine that need not be this one, and Node for it.
 * npm checks each against the lockfile's hash. No package's script is run.
 *
 * @param to folder that becomes `node_modules`
 * @param nodeTo file that becomes Node's program
 */
export function installProductionModules(
  root: string,
  { node: cpu }: Architecture,
  { to, nodeTo, licenceTo }: { to: string; nodeTo: string; licenceTo: string },
): void {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-modules-'));
  try {
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
      if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name));
    }
    const words = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--os=linux'];
    const npm = spawnSync('npm', [...words, `--cpu=${cpu}`, '--libc=glibc', '--prefer-offline'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (npm.status !== 0) throw new Error(`npm ci for ${cpu} failed: ${npm.error?.message ?? npm.stderr}`);
    const modules = join(folder, 'node_modules');
    const node = join(modules, `node-linux-${cpu}`);
    cpSync(join(node, 'bin', 'node'), nodeTo);
    cpSync(join(node, 'LICENSE'), licenceTo);
    for (const name of readdirSync(modules))
      if (name.startsWith('node-linux-')) rmSync(join(modules, name), { recursive: true });
    prune(modules, cpu);
    mkdirSync(to, { recursive: true });
    cpSync(modules, to, { recursive: true, verbatimSymlinks: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function prune(modules: string, cpu: Architecture['node']): void {
  for (const pattern of UNREAD) {
    for (const path of globSync(pattern, { cwd: modules }))
      rmSync(join(modules, path), { recursive: true, force: true });
  }
  const prebuilds = join(modules, 'better-sqlite3', 'prebuilds');
  for (const name of readdirSync(prebuilds)) if (name !== `linux-${cpu}.node`) rmSync(join(prebuilds, name));
}
