// npm run deb -- [--arch amd64|arm64|all] [--to FOLDER] [--version VERSION]: Debian packages of podboot, with Node and all
// that it needs. The same commit makes the same bytes. Needs npm's registry (or its cache) and dpkg-deb.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, architectureOf } from './pack/architecture.ts';
import { buildPackage } from './pack/debian-package.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch },
    to: { type: 'string', default: join(root, 'build') },
    version: { type: 'string' },
  },
});

const wanted = values.arch === 'all' ? ARCHITECTURES : [architectureOf(values.arch)];
for (const architecture of wanted) {
  if (architecture === undefined) {
    console.error(`deb: no architecture "${values.arch}"; there are amd64, arm64 and all`);
    process.exit(2);
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const file = await buildPackage({
    root,
    architecture,
    version: values.version ?? version,
    folder: resolve(values.to),
    epochSeconds: epoch(),
  });
  console.log(file);
}

/** Of all files in the package: SOURCE_DATE_EPOCH, else the commit's; a copy without git has the day that never was. */
function epoch(): number {
  if (process.env.SOURCE_DATE_EPOCH !== undefined) return Number(process.env.SOURCE_DATE_EPOCH);
  const git = spawnSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' });
  return git.status === 0 ? Number(git.stdout) : 315_532_800;
}
